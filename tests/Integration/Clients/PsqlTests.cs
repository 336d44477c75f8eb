using Freshet.Tests.Integration.Servers;
using Xunit;

namespace Freshet.Tests.Integration.Clients;

/// <summary>psql, direct and through the proxy.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class PsqlTests(TestServers servers)
{
    private readonly ClientComparison _comparison = new(servers);

    public static TheoryData<Route> Routes => ClientComparison.Routes;

    [Theory, MemberData(nameof(Routes))]
    public Task Psql_sees_no_difference(Route route) =>
        _comparison.CompareAsync("psql", route, endpoint => RunAsync(endpoint));

    private async Task<string> RunAsync(Endpoint endpoint)
    {
        var psql = Path.Combine(servers.Postgres.BinDirectory, "psql");
        List<string> command = [psql, "-X", "--no-password", "-f", "psql/scenarios.sql"];
        var output = await ClientComparison.RunAsync(endpoint, command);
        // psql says where it is connected to after \connect.
        return output.Replace($"port \"{endpoint.Port}\"", "port", StringComparison.Ordinal);
    }
}
