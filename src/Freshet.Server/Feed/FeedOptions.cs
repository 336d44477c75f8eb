using Freshet.Server.Feed.Replication;
using Npgsql;

namespace Freshet.Server.Feed;

/// <summary>What a feed follows and how.</summary>
internal sealed record FeedOptions
{
    public const string DefaultPublication = "freshet";

    public required FeedServer Server { get; init; }

    /// <summary>The publication that names the tables. Default: <see cref="DefaultPublication"/>.</summary>
    public string Publication { get; init; } = DefaultPublication;

    /// <summary>True (default): create the publication and add tables to it where the role may. False: use what is
    /// there.</summary>
    public bool ManagesPublication { get; init; } = true;

    /// <summary>True (default): publish only the columns of the replica identity, where the server can (15 and later),
    /// so that the stream stays thin whatever the rows' width. The price: PostgreSQL then refuses to change the type of
    /// such a column, or to drop it without CASCADE, unless the table is taken out of the publication in the same
    /// transaction.</summary>
    public bool UsesColumnLists { get; init; } = true;

    /// <summary>True: create the event triggers that tell of changed definitions at once, where the role may (a
    /// superuser). Default: false; <c>freshet check</c> prints them.</summary>
    public bool CreatesSchemaTriggers { get; init; }

    /// <summary>How old the stream's knowledge may become before its readers stop to trust it; the heartbeat is a
    /// quarter of it. Default 1 s.</summary>
    public TimeSpan MaxStaleness { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often the catalog is looked at for changed definitions and rights: the bound for those that no
    /// event trigger tells. Default 1 s.</summary>
    public TimeSpan SchemaPollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For connecting, for each step of a login and for the answer to a pulse. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest silence of the stream although it is asked four times a second. Default 60 s, PostgreSQL's
    /// <c>wal_sender_timeout</c>: a walsender that decodes a huge transaction may be silent for long.</summary>
    public TimeSpan StreamTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>First pause before a new stream; doubled up to <see cref="MostRetryDelay"/>. Default 250 ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Default 15 s.</summary>
    public TimeSpan MostRetryDelay { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Pause while a setting or a right is missing. Default 30 s.</summary>
    public TimeSpan UnavailableDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Null: a change concerns its whole table, never one key.</summary>
    public KeyHasher? KeyHasher { get; init; }

    /// <summary>What changes when a definition or a right does.</summary>
    public required Func<NpgsqlConnection, CancellationToken, Task<string>> ReadFingerprint { get; init; }

    /// <summary>Called before a stream begins and after each change of the fingerprint: whoever holds a picture of the
    /// catalog draws it anew. A result that was analysed with the old picture is dropped when this returns.</summary>
    public Func<NpgsqlConnection, CancellationToken, Task>? ReadCatalog { get; init; }

    internal FeedFailpoints? Failpoints { get; init; }
}
