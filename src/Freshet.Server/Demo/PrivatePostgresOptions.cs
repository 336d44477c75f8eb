using System.Collections.Immutable;

namespace Freshet.Server.Demo;

/// <summary>What a private server shall be like. Everything has a default: a throw-away server of whatever version is
/// installed.</summary>
internal sealed record PrivatePostgresOptions
{
    /// <summary>Folder with initdb, pg_ctl and postgres; null: searched, fetched from npm if need be.</summary>
    public string? BinDirectory { get; init; }

    /// <summary>Lines of postgresql.conf, on top of ours (they win): <c>wal_level</c> → <c>logical</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Lines put before those of pg_hba.conf, which ask for scram-sha-256 everywhere.</summary>
    public IReadOnlyList<string> HostBasedAuthentication { get; init; } = [];

    /// <summary>Not null: a streaming standby of that server, which must run; its password is the same.</summary>
    public PrivatePostgres? StandbyOf { get; init; }

    /// <summary>False (default): no fsync, as nobody will miss the data after a crash of the machine.</summary>
    public bool Durable { get; init; }

    /// <summary>0 (default): a free port of 127.0.0.1.</summary>
    public int Port { get; init; }

    /// <summary>Where the cluster's folder is made; null: the temporary folder, or /tmp when that is out of the
    /// server's reach or too long for a socket's path.</summary>
    public string? TemporaryRoot { get; init; }

    /// <summary>Longest start or stop. Default 60 s (pg_ctl's own).</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>True (default): Ctrl-C, SIGTERM and SIGHUP stop and remove the cluster before they end the process.
    /// False for a caller that handles these signals itself. At a regular process exit it is removed in any case.
    /// </summary>
    public bool StopOnSignals { get; init; } = true;

    /// <summary>Told in a few words what goes on, for a progress display.</summary>
    public Action<string>? Progress { get; init; }
}

/// <summary>How a server is told to stop; the manual's names ("Shutting Down the Server").</summary>
internal enum PostgresStopMode
{
    /// <summary>Waits until all clients have gone.</summary>
    Smart,

    /// <summary>Aborts transactions, disconnects clients, writes a checkpoint.</summary>
    Fast,

    /// <summary>Quits at once; the next start recovers from the WAL.</summary>
    Immediate,
}
