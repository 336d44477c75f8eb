using Freshet.Core.Consistency;

namespace Freshet.Server.Feed;

/// <summary>Where the feed stands.</summary>
internal enum FeedState
{
    /// <summary>Connecting, or waiting for the transactions that were running when its slot was made.</summary>
    Starting,
    Live,

    /// <summary>Lost; tried again soon.</summary>
    Broken,

    /// <summary>The server or the role does not allow it; tried again each minute.</summary>
    Unavailable,
}

/// <summary>One moment of a feed, for health and metrics.</summary>
/// <param name="Target">Host and port.</param>
/// <param name="Database">The database's name on the server.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Reason">Why it is not live; one sentence.</param>
/// <param name="Epoch">Odd unless live.</param>
/// <param name="Position">How far the stream has come.</param>
/// <param name="StalenessSeconds">Everything committed longer ago than this has been noted; infinite while not live.
/// </param>
/// <param name="Pulses">Pulses so far.</param>
/// <param name="Commits">Commits streamed.</param>
/// <param name="Reconnects">Streams begun after the first.</param>
/// <param name="Tracked">Tables followed.</param>
internal sealed record FeedStatus(
    string Target, string Database, FeedState State, string Reason, long Epoch, Lsn Position,
    double StalenessSeconds, long Pulses, long Commits, long Reconnects, int Tracked);
