using System.Collections.Immutable;

namespace Freshet.Server.Proxy.Settings;

/// <summary>
/// Everything the data plane obeys: validated, immutable, swapped whole by a reload. Whoever reads it takes the
/// reference once and works with that.
/// </summary>
internal sealed record ProxySnapshot
{
    public required ImmutableArray<ListenAddress> Listen { get; init; }

    /// <summary>Event loops, one thread each. Fixed after the start. Default: the number of processors.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    public AuthMethod Auth { get; init; } = AuthMethod.Scram;

    public TlsSnapshot ClientTls { get; init; } = TlsSnapshot.Disabled;

    /// <summary>By the name that a client asks for.</summary>
    public required ImmutableDictionary<string, DatabaseSnapshot> Databases { get; init; }

    /// <summary>For every other name; null: such a client is refused with 3D000.</summary>
    public DatabaseSnapshot? AnyDatabase { get; init; }

    public required ImmutableDictionary<string, UserSnapshot> Users { get; init; }

    /// <summary>Most client connections. Above it a client is told 53300. Default 10,000 (PgBouncer: 100; too few
    /// for what a pooler is bought for).</summary>
    public int MaxClientConnections { get; init; } = 10_000;

    /// <summary>Longest login of a client. Default 60 s (PgBouncer's <c>client_login_timeout</c>).</summary>
    public TimeSpan ClientLoginTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest idle time of a client outside a transaction; 0 (default): no limit.</summary>
    public TimeSpan ClientIdleTimeout { get; init; }

    /// <summary>How long a drain waits for running transactions before it closes them. Default 30 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest Parse message whose statement is shared between server connections, bytes; a longer one pins
    /// its session. Default 256 KiB.</summary>
    public int MaxSharedStatementBytes { get; init; } = 256 * 1024;

    /// <summary>Bytes of statement text kept for sharing by the whole process; the least recently used goes first.
    /// Default 64 MiB.</summary>
    public long StatementCacheBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Prepared statements that one client may hold; the next one is refused with 53400. Default 10,000.
    /// </summary>
    public int MaxClientPreparedStatements { get; init; } = 10_000;

    /// <summary>The cache of all databases.</summary>
    public CacheSnapshot Cache { get; init; } = new();

    /// <summary>Finds the database for a name; null when clients of that name are to be refused.</summary>
    public DatabaseSnapshot? FindDatabase(string name) => Databases.GetValueOrDefault(name) ?? AnyDatabase;
}
