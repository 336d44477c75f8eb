using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using Freshet.Core.Consistency;
using Freshet.Server.Feed;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Settings;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Feed;

/// <summary>A database with some tables and a feed on it.</summary>
internal sealed class FeedScene : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly FeedPostgres _server;

    private FeedScene(FeedPostgres server, string database, FeedOptions options)
    {
        _server = server;
        Database = database;
        Log = new FeedLog();
        Feed = new DatabaseFeed(options, Freshness, Log);
    }

    public string Database { get; }

    public Freshness Freshness { get; } = new();

    public DatabaseFeed Feed { get; }

    public FeedLog Log { get; }

    /// <summary>Hashes integers as themselves, and no other type.</summary>
    public static bool HashInteger(uint typeOid, ReadOnlySpan<byte> text, out ulong hash)
    {
        bool isInteger = Utf8Parser.TryParse(text, out long value, out int used) && used == text.Length;
        hash = (ulong)value;
        return typeOid is 20 or 21 or 23 && isInteger;
    }

    /// <summary>What the tests poll in place of the whole catalog.</summary>
    public static async Task<string> FingerprintAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select pg_catalog.md5(coalesce(pg_catalog.string_agg(line, ',' order by line), ''))
              from (select c::pg_catalog.text || a.attname || a.atttypid::pg_catalog.text
                      from (select oid, relname, relnamespace, relreplident, relacl from pg_catalog.pg_class
                             where relkind in ('r', 'v', 'p', 'm') and oid >= 16384) c
                           join pg_catalog.pg_attribute a on a.attrelid = c.oid and not a.attisdropped
                     union all
                    select i.indrelid::pg_catalog.text || i.indisreplident::pg_catalog.text
                      from pg_catalog.pg_index i where i.indisprimary and i.indrelid >= 16384) f(line)
            """,
            connection);
        return (string)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Options with short waits; the superuser's, unless changed.</summary>
    public static FeedOptions Options(FeedPostgres server, string database) => new()
    {
        Server = new FeedServer(
            "127.0.0.1", server.Postgres.Port, database, server.Postgres.User, server.Postgres.Password,
            TlsSnapshot.Disabled),
        ReadFingerprint = FingerprintAsync,
        KeyHasher = HashInteger,
        SchemaPollInterval = TimeSpan.FromMilliseconds(50),
        RetryDelay = TimeSpan.FromMilliseconds(20),
        UnavailableDelay = TimeSpan.FromMilliseconds(100),
    };

    /// <summary>Creates the database, runs the statements in it and starts a feed.</summary>
    public static async Task<FeedScene> StartAsync(
        FeedPostgres server, Func<FeedOptions, FeedOptions>? change, params string[] statements)
    {
        string database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(database, statements);
        return Start(server, database, change);
    }

    /// <summary>Starts a feed on a database that is there.</summary>
    public static FeedScene Start(
        FeedPostgres server, string database, Func<FeedOptions, FeedOptions>? change = null)
    {
        FeedOptions options = Options(server, database);
        var scene = new FeedScene(server, database, change?.Invoke(options) ?? options);
        scene.Feed.Start();
        return scene;
    }

    public static async Task<FeedScene> StartLiveAsync(
        FeedPostgres server, Func<FeedOptions, FeedOptions>? change, params string[] statements)
    {
        FeedScene scene = await StartAsync(server, change, statements);
        try
        {
            await scene.UntilAsync(() => scene.Freshness.IsLive && scene.Feed.Status.State == FeedState.Live);
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    public Task ExecuteAsync(params string[] statements) => _server.ExecuteAsync(Database, statements);

    public Task<string?> ReadAsync(string sql) => _server.ReadAsync(Database, sql);

    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(_server.Postgres.ConnectionString(Database));
        await connection.OpenAsync();
        return connection;
    }

    public async Task<TableVersion> TableAsync(string name)
    {
        string oid = await ReadAsync($"select '{name}'::regclass::oid::text") ?? "0";
        return Freshness.Table(new RelationId(uint.Parse(oid, CultureInfo.InvariantCulture)));
    }

    public async Task<TableVersion> TrackedAsync(string name)
    {
        TableVersion table = await TableAsync(name);
        await UntilAsync(() => table.IsTracked);
        return table;
    }

    /// <summary>A pulse that began after now has answered, and the stream has come up to what it told.</summary>
    public async Task CaughtUpAsync()
    {
        PulseBook pulses = Freshness.Pulses;
        long ticket = pulses.Next;
        pulses.Want(ticket, urgent: true);
        await UntilAsync(() => pulses.TryGetFloor(ticket, out Lsn floor) && Freshness.Position >= floor);
    }

    /// <summary>Waits for something that must come; how long is not the test's matter.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Limit)
            {
                FeedStatus status = Feed.Status;
                Assert.Fail($"not within {Limit}: {status.State} {status.Reason}\n{Log}");
            }

            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    public ValueTask DisposeAsync() => Feed.DisposeAsync();
}

/// <summary>Keeps what the feed told.</summary>
internal sealed class FeedLog : IProxyLog
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

    public void Write(ProxyLogLevel level, string message) => _lines.Enqueue($"{level}: {message}");

    public override string ToString() => string.Join('\n', _lines);
}
