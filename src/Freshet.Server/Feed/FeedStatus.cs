using System.Collections.Immutable;
using Freshet.Core.Consistency;
using Freshet.Server.Feed.Publications;

namespace Freshet.Server.Feed;

internal enum FeedState
{
    /// <summary>Not started, or stopped.</summary>
    Stopped,

    /// <summary>On its way to a stream, which may wait for transactions to end.</summary>
    Connecting,

    /// <summary>The stream runs; results may be stored when the transactions have ended that ran when it began.
    /// </summary>
    Open,

    Live,

    /// <summary>The stream is gone; a new one is tried soon.</summary>
    Broken,

    /// <summary>A setting or a right is missing; tried again slowly.</summary>
    Unavailable,
}

/// <summary>How a feed is at one moment.</summary>
internal sealed record FeedStatus
{
    /// <summary>Most untracked tables that are named.</summary>
    public const int MostUntrackedNamed = 100;

    public required FeedState State { get; init; }

    /// <summary>A sentence: what it waits for, or why it broke.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The SQL that repairs it; null: nothing to repair, or nothing known.</summary>
    public string? Repair { get; init; }

    public long Epoch { get; init; }

    public long SchemaVersion { get; init; }

    public Lsn Position { get; init; }

    /// <summary>From <see cref="Position"/> to the insert position that the last pulse told.</summary>
    public long LagBytes { get; init; }

    /// <summary>How old the latest moment is whose commits are all noted; null: no pulse yet.</summary>
    public double? SecondsSinceCaughtUp { get; init; }

    public int PendingCommits { get; init; }

    public long Pulses { get; init; }

    public long Flushes { get; init; }

    public long Commits { get; init; }

    public long Messages { get; init; }

    /// <summary>Streams begun after the first.</summary>
    public long Reconnects { get; init; }

    public int TrackedTables { get; init; }

    public int UntrackedTables { get; init; }

    /// <summary>The first of them.</summary>
    public ImmutableArray<UntrackedTable> Untracked { get; init; } = [];

    /// <summary>From a commit on the server's clock to its being noted.</summary>
    public LatencySnapshot? CommitToNoted { get; init; }
}
