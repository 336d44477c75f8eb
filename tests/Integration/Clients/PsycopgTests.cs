using Freshet.Tests.Integration.Servers;
using Xunit;

namespace Freshet.Tests.Integration.Clients;

/// <summary>psycopg2, that is libpq, direct and through the proxy.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class PsycopgTests(TestServers servers)
{
    // Debian's own python: its package python3-psycopg2 belongs to this one.
    private const string Python = "/usr/bin/python3";

    private readonly ClientComparison _comparison = new(servers);

    public static TheoryData<Route> Routes => ClientComparison.Routes;

    [Theory, MemberData(nameof(Routes))]
    public Task Psycopg_sees_no_difference(Route route) =>
        _comparison.CompareAsync(
            "psycopg2",
            route,
            endpoint => ClientComparison.RunAsync(endpoint, [Python, "-u", "python/scenarios.py"])
        );
}
