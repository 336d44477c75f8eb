using System.Diagnostics;
using Freshet.Server.Demo;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Caching;

/// <summary>A database of the test's own with a caching proxy in front of it, and clients of both.</summary>
internal sealed class CachedScene : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static int s_last;

    private readonly List<WireClient> _clients = [];
    private WireClient? _disturber;
    private readonly Endpoint _server;
    private readonly FreshetProcess _proxy;
    private readonly PrivatePostgres _postgres;

    private CachedScene(PrivatePostgres postgres, Endpoint server, FreshetProcess proxy)
    {
        _postgres = postgres;
        _server = server;
        _proxy = proxy;
    }

    public FreshetProcess Proxy => _proxy;

    public string Database => _server.Database;

    /// <param name="postgres">Where the database is made; knows the role <c>wire</c> by trust.</param>
    /// <param name="setup">SQL that fills it.</param>
    /// <param name="cache">The inside of the configuration's <c>cache</c> section.</param>
    /// <param name="live">Wait until changes are followed.</param>
    /// <param name="users">The inside of its <c>users</c> section.</param>
    public static async Task<CachedScene> StartAsync(
        PrivatePostgres postgres, string setup, string cache = "\"verify\": 0", bool live = true,
        string users = "")
    {
        var name = $"cached{Interlocked.Increment(ref s_last)}";
        var server = new Endpoint(postgres.Host, postgres.Port, name, "wire", "");
        using (var client = WireClient.Connect(postgres.Host, postgres.Port).Login("wire", "postgres"))
        {
            client.Query($"create database {name}");
        }

        using (var client = WireClient.Connect(postgres.Host, postgres.Port).Login("wire", name))
        {
            client.Query(setup);
            Assert.DoesNotContain(client.Received, message => message.Type is 'E');
        }

        var proxy = await StartProxyAsync(server, cache, users);
        var scene = new CachedScene(postgres, server, proxy);
        scene.Client().Query("select 'the first client starts the feed'");
        if (live)
        {
            await scene.UntilLiveAsync();
        }

        return scene;
    }

    public static Task<FreshetProcess> StartProxyAsync(Endpoint server, string cache, string users = "") =>
        FreshetProcess.StartAsync(
            new ProxyOptions(server)
            {
                Configuration = $$"""
                    { "url": "{{server.Url}}", "auth": "trust", "users": { {{users}} },
                      "cache": { "schemaPollInterval": "200ms", {{cache}} } }
                    """,
                Cache = "",
            },
            TestContext.Current.CancellationToken);

    /// <summary>A client of the proxy.</summary>
    public WireClient Client(string user = "wire", params (string Name, string Value)[] parameters) =>
        Connect(_proxy.Port, user, parameters);

    /// <summary>A client of the server.</summary>
    public WireClient Direct(string user = "wire") => Connect(_server.Port, user);

    /// <summary>A client of the server that its user closes.</summary>
    public WireClient ConnectDirect() => WireClient.Connect("127.0.0.1", _server.Port).Login("wire", Database);

    public async Task UntilLiveAsync() =>
        await UntilAsync(
            async () => (await MetricsAsync()).GetValueOrDefault(Series("freshet_feed_live")) is 1
                && Serves("select 1"));

    /// <summary>Whether a statement without tables comes from the cache by now: then definitions are known.</summary>
    private bool Serves(string sql)
    {
        using var client = WireClient.Connect("127.0.0.1", _proxy.Port).Login("wire", Database);
        var before = Hits();
        client.Query(sql);
        client.Query(sql);
        return Hits() > before;
    }

    /// <summary>The server stops and starts again: its clients lose their connections.</summary>
    public async Task RestartServerAsync(PostgresStopMode mode)
    {
        _disturber?.Dispose();
        _disturber = null;
        await _postgres.RestartAsync(mode, TestContext.Current.CancellationToken);
    }

    /// <summary>Something that happens in a database's life, another thing each time.</summary>
    public void Disturb(int round)
    {
        var admin = _disturber ??= Direct();
        if (round % 200 == 150)
        {
            admin.Query(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                + "where datname = current_database() and pid <> pg_backend_pid()");
        }

        switch (round % 40)
        {
            case 5:
                admin.Query("alter table shadow add column c" + round + " int");
                break;
            case 15:
                admin.Query("truncate scratch; insert into scratch values (1)");
                break;
            case 20:
                admin.Query(
                    "select pg_terminate_backend(active_pid) from pg_replication_slots "
                    + "where database = current_database()");
                break;
            case 30:
                admin.Query("create table new" + round + "(id int primary key); create index on counter(v)");
                admin.Query("drop index counter_v_idx");
                break;
        }
    }

    public long Hits() => Count("hit");

    public long Count(string result) =>
        (long)MetricsAsync().GetAwaiter().GetResult()
            .GetValueOrDefault(Series("freshet_cache_requests_total", "result", result));

    /// <summary>A metric of this database, with one more label where it has one.</summary>
    public string Series(string metric, string? label = null, string? value = null) =>
        $"{metric}{{database=\"{Database}\",server=\"{_server.Host}:{_server.Port}\""
        + (label is null ? "}" : $",{label}=\"{value}\"}}");

    public Task<IReadOnlyDictionary<string, double>> MetricsAsync() =>
        _proxy.ReadMetricsAsync(TestContext.Current.CancellationToken);

    /// <summary>Repeats the query until it is answered from the cache.</summary>
    public async Task UntilHitAsync(Action query) =>
        await UntilAsync(() =>
        {
            var before = Hits();
            query();
            return Task.FromResult(Hits() > before);
        });

    /// <summary>Until a result is served by its age: as it was, although its row has been written since. Once is
    /// enough, and it may take more than one try: a role that another test makes on the same server counts as a changed
    /// definition, which makes all results unreachable.</summary>
    public async Task UntilServedByAgeAsync(WireClient client, string sql, Action write) =>
        await UntilAsync(async () =>
        {
            await UntilHitAsync(() => client.Query(sql));
            var before = client.Query(sql);
            write();
            return string.Equals(client.Query(sql), before, StringComparison.Ordinal);
        });

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, "it has not come about in time");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await _proxy.DisposeAsync();
        if (_postgres.ProcessId is not null)
        {
            using var client = WireClient.Connect(_postgres.Host, _postgres.Port).Login("wire", "postgres");
            client.Query($"drop database {Database} with (force)");
        }
    }

    private WireClient Connect(int port, string user, params (string Name, string Value)[] parameters)
    {
        var client = WireClient.Connect("127.0.0.1", port).Login(user, Database, parameters);
        _clients.Add(client);
        return client;
    }
}
