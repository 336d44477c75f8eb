using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>
/// Runs a scenario direct and through the proxy and compares what the clients were told, message by message: the real
/// server is the oracle. A scenario may open several clients and must leave the database as it found it.
/// </summary>
/// <param name="servers">The shared servers.</param>
internal sealed class WireComparison(TestServers servers)
{
    /// <summary>One client.</summary>
    public Task CompareAsync(Route route, Action<WireClient> scenario) =>
        CompareAsync(
            route,
            scene =>
            {
                using var client = scene.Login();
                scenario(client);
            }
        );

    /// <summary>As many clients as the scenario opens.</summary>
    public async Task CompareAsync(Route route, Action<WireScene> scenario)
    {
        var direct = Run(await servers.WireAsync(Route.Direct), scenario);
        var routed = Run(await servers.WireAsync(route), scenario);

        Assert.NotEmpty(direct.Lines);
        direct.AssertEqual(routed);
    }

    /// <summary>For what has no equal without a proxy.</summary>
    public async Task RunAsync(Route route, Action<WireScene> scenario) =>
        Run(await servers.WireAsync(route), scenario);

    private Transcript Run(Endpoint endpoint, Action<WireScene> scenario)
    {
        Clean();
        var scene = new WireScene(endpoint);
        scenario(scene);
        return scene.Transcript;
    }

    /// <summary>What a scenario that failed has left behind must not make the next one fail too.</summary>
    private void Clean()
    {
        var postgres = servers.Postgres;
        using var client = WireClient.Connect(postgres.Host, postgres.Port, "clean");
        client.Login("wire", TestServers.WireDatabase);
        client.Query("set lock_timeout = '5s'; drop schema if exists s1, s2 cascade; drop schema public cascade");
        client.Query("create schema public; drop role if exists passing");
    }
}
