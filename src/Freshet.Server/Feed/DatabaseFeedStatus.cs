using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Feed;

/// <summary>The feed of one database, for health and metrics.</summary>
/// <param name="Target">Host and port.</param>
/// <param name="Database">The database's name on the server.</param>
/// <param name="Status">How it is.</param>
internal sealed record DatabaseFeedStatus(string Target, string Database, FeedStatus Status)
{
    /// <summary>It is that cache's feed.</summary>
    public bool Feeds(CacheStatistics cache) =>
        string.Equals(cache.Database, Database, StringComparison.Ordinal)
        && string.Equals(cache.Target, Target, StringComparison.Ordinal);
}
