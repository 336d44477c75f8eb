using System.Reflection;
using Freshet.Tests.Integration.Servers;
using Xunit;

namespace Freshet.Tests.Integration.Clients;

/// <summary>node-postgres (<c>pg</c> from npm), direct and through the proxy. <c>./test</c> installs it.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class NodePostgresTests(TestServers servers)
{
    private readonly ClientComparison _comparison = new(servers);

    public static TheoryData<Route> Routes => ClientComparison.Routes;

    [Theory, MemberData(nameof(Routes))]
    public Task Node_postgres_sees_no_difference(Route route) =>
        _comparison.CompareAsync(
            "node-postgres",
            route,
            endpoint => ClientComparison.RunAsync(endpoint, ["/usr/bin/env", "node", Script()])
        );

    /// <summary>In the sources: the packages are beside it, and the build's output has no copy of them.</summary>
    private static string Script()
    {
        var folder = typeof(NodePostgresTests)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .First(attribute => attribute.Key is "ClientsFolder")
            .Value!;
        var packages = Path.Combine(folder, "node", "node_modules");
        Assert.True(Directory.Exists(packages), "node-postgres is not installed: run ./test");
        return Path.Combine(folder, "node", "scenarios.js");
    }
}
