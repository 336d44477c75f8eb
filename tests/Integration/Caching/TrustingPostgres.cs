using Freshet.Server.Demo;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Caching;

/// <summary>Makes servers of a test's own that may hang, restart or be promoted: they know the superuser <c>wire</c>,
/// by trust, and write a log that can be followed.</summary>
internal static class TrustingPostgres
{
    /// <param name="standbyOf">Not null: a standby of that one.</param>
    /// <param name="maxConnections">Of PostgreSQL.</param>
    public static async Task<PrivatePostgres> StartAsync(PrivatePostgres? standbyOf = null, int maxConnections = 100)
    {
        var options = new PrivatePostgresOptions
        {
            StandbyOf = standbyOf,
            Timeout = TimeSpan.FromMinutes(5),
            HostBasedAuthentication = ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
            Settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["wal_level"] = "logical",
                ["max_connections"] = $"{maxConnections}",
            },
        };
        var server = await PrivatePostgres.StartAsync(options, TestContext.Current.CancellationToken);
        if (standbyOf is null)
        {
            using var admin = WireClient.Connect(server.Host, server.Port).Login(server.User, "postgres");
            admin.Query("create role wire superuser login replication");
        }

        return server;
    }
}
