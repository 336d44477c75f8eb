namespace Freshet.Server.Proxy.Settings;

/// <summary>The limits of one pool. A pool is the pair (database, user), as in PgBouncer. Zero turns a time limit
/// off. Defaults are PgBouncer's unless said.</summary>
internal sealed record PoolSnapshot
{
    public PoolMode Mode { get; init; } = PoolMode.Transaction;

    /// <summary>Most server connections of one pool. Default 20 (PgBouncer's <c>default_pool_size</c>).</summary>
    public int Size { get; init; } = 20;

    /// <summary>Connections kept open while at least one client is connected. Default 0.</summary>
    public int MinSize { get; init; }

    /// <summary>Further connections once a client has waited for <see cref="ReserveTimeout"/>. Default 0.</summary>
    public int ReserveSize { get; init; }

    public TimeSpan ReserveTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait of a client for a server connection (<c>query_wait_timeout</c>). Default 120 s.</summary>
    public TimeSpan WaitTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Age after which an unused server connection is closed. Default 3600 s.</summary>
    public TimeSpan ServerLifetime { get; init; } = TimeSpan.FromSeconds(3600);

    /// <summary>Idle time after which a server connection above the minimum is closed. Default 600 s.</summary>
    public TimeSpan ServerIdleTimeout { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>Longest connect and login to the server, and longest rollback and reset after a client. Default 15 s.
    /// </summary>
    public TimeSpan ServerConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>First pause after a failed connect; doubles with jitter up to 15 s, PgBouncer's fixed
    /// <c>server_login_retry</c>. Default 250 ms.</summary>
    public TimeSpan ServerLoginRetry { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A connection idle for longer is tested with <see cref="ServerCheckQuery"/> before it is lent.
    /// 0: always. Default 30 s.</summary>
    public TimeSpan ServerCheckDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Default <c>select 1</c>; empty: only the socket is looked at.</summary>
    public string ServerCheckQuery { get; init; } = "select 1";

    /// <summary>Run in session mode before a server connection is lent again. Default <c>DISCARD ALL</c>; empty: the
    /// connection is closed instead.</summary>
    public string ServerResetQuery { get; init; } = "DISCARD ALL";

    /// <summary>Prepared statements kept on one server connection, least recently used goes first. 0: named
    /// statements are not shared and pin their session. Default 200 (PgBouncer 1.24).</summary>
    public int MaxPreparedStatements { get; init; } = 200;

    /// <summary>Longest idle time inside a transaction; 0 (default): no limit.</summary>
    public TimeSpan IdleTransactionTimeout { get; init; }

    /// <summary>Longest run of one query before it is cancelled and its session closed; 0 (default): none.</summary>
    public TimeSpan QueryTimeout { get; init; }
}
