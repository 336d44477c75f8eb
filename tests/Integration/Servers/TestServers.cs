using Freshet.Server.Demo;
using Freshet.Server.Proxy.Settings;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(Freshet.Tests.Integration.Servers.TestServers))]

// The tests share one server and its proxies, and some of these have a single connection: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace Freshet.Tests.Integration.Servers;

/// <summary>
/// The PostgreSQL server and the proxies that all tests of the assembly share. The server starts with the first test,
/// each proxy with the first test that asks for its route. Two roles: <c>wire</c> (superuser, by trust, for the raw
/// client) and <c>app</c> (an ordinary role with a password, for the drivers).
/// </summary>
public sealed class TestServers : IAsyncLifetime
{
    internal const string WireDatabase = "wire";
    internal const string AppDatabase = "app";

    private readonly Dictionary<(Route, string), IProxyProcess> _proxies = [];
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private PrivatePostgres? _postgres;

    internal PrivatePostgres Postgres => _postgres ?? throw new InvalidOperationException("not started");

    /// <summary>What stands behind the routes: <c>freshet</c>, or for checking the tests themselves <c>pgbouncer</c>
    /// or <c>direct</c> (a scenario that then differs from itself is not deterministic).</summary>
    private static string ProxyUnderTest => Environment.GetEnvironmentVariable("FRESHET_TEST_PROXY") ?? "freshet";

    public async ValueTask InitializeAsync()
    {
        var options = new PrivatePostgresOptions
        {
            HostBasedAuthentication =
            [
                "host all wire 127.0.0.1/32 trust",
                "host replication wire 127.0.0.1/32 trust",
            ],
            Settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["wal_level"] = "logical",
                ["max_connections"] = "200",
            },
        };
        _postgres = await PrivatePostgres.StartAsync(options, CancellationToken.None);
        await using var connection = new NpgsqlConnection(_postgres.ConnectionString("postgres"));
        await connection.OpenAsync();
        foreach (var sql in (string[])
            [
                "CREATE ROLE wire SUPERUSER LOGIN REPLICATION",
                "CREATE ROLE app LOGIN PASSWORD 'a secret, with '' and \"'",
                "CREATE ROLE other NOLOGIN",
                "GRANT other TO app",
                "CREATE DATABASE wire OWNER wire",
                "CREATE DATABASE app OWNER app",
            ])
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _proxies.Values)
        {
            await proxy.DisposeAsync();
        }

        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        _oneAtATime.Dispose();
    }

    /// <summary>The server itself for the role of the raw client.</summary>
    internal Endpoint Wire => new(Postgres.Host, Postgres.Port, WireDatabase, "wire", "");

    /// <summary>The server itself for the role of the drivers.</summary>
    internal Endpoint App => new(Postgres.Host, Postgres.Port, AppDatabase, "app", "a secret, with ' and \"");

    /// <summary>For the raw client: role <c>wire</c>, trust all the way.</summary>
    internal Task<Endpoint> WireAsync(Route route) => EndpointAsync(route, Wire, "trust");

    /// <summary>For the drivers: role <c>app</c>, SCRAM all the way.</summary>
    internal Task<Endpoint> AppAsync(Route route) => EndpointAsync(route, App, "scram");

    /// <summary>A proxy of the test's own, in front of any server.</summary>
    internal static async Task<IProxyProcess> StartProxyAsync(ProxyOptions options, CancellationToken cancellation) =>
        ProxyUnderTest switch
        {
            "freshet" => await FreshetProcess.StartAsync(options, cancellation),
            "pgbouncer" => await PgBouncerProcess.StartAsync(options, cancellation),
            var other => throw new InvalidOperationException($"FRESHET_TEST_PROXY={other}: freshet or pgbouncer"),
        };

    private static ProxyOptions Options(Route route, Endpoint server, string auth) =>
        new(server)
        {
            Auth = auth,
            Cache = route is Route.Cached ? "session" : "off",
            Mode = route is Route.Session ? PoolMode.Session : PoolMode.Transaction,
            PoolSize = route switch
            {
                Route.SingleServer => 1,
                Route.TwoServers => 2,
                _ => 20,
            },
        };

    private async Task<Endpoint> EndpointAsync(Route route, Endpoint server, string auth)
    {
        if (route is Route.Direct || ProxyUnderTest is "direct")
        {
            return server;
        }

        await _oneAtATime.WaitAsync();
        try
        {
            if (!_proxies.TryGetValue((route, auth), out var proxy))
            {
                proxy = await StartProxyAsync(Options(route, server, auth), CancellationToken.None);
                _proxies.Add((route, auth), proxy);
            }

            return server with { Port = proxy.Port };
        }
        finally
        {
            _oneAtATime.Release();
        }
    }
}
