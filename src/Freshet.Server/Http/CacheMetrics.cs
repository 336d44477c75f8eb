using Freshet.Server.Feed;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Http;

/// <summary>The cache's and the feeds' numbers as metrics. Databases are bounded by the configuration except where any
/// name is let through: beyond <see cref="MostDatabases"/> none is written.</summary>
internal static class CacheMetrics
{
    public const int MostDatabases = 25;

    private static readonly (string Name, string Help, Func<CacheStatistics, double> Value)[] Counters =
    [
        ("freshet_cache_stored_total", "Results stored.", cache => cache.Stored),
        ("freshet_cache_floor_waits_total", "Hits that waited for the stream to come as far as their session has seen.",
            cache => cache.FloorWaits),
        ("freshet_cache_floor_timeouts_total", "Hits that waited in vain and went past the cache.",
            cache => cache.FloorTimeouts),
        ("freshet_cache_joined_total", "Requests that waited for the same query of another client.",
            cache => cache.Joined),
        ("freshet_cache_stale_total", "Hits served beyond their maximum age.", cache => cache.ServedStale),
        ("freshet_cache_renewals_total", "Queries that the proxy ran itself to renew a result.",
            cache => cache.Renewals),
        ("freshet_cache_verified_total", "Hits that were run again and compared.", cache => cache.Verified),
        ("freshet_cache_mismatches_total", "Hits whose query gave another result on the same state.",
            cache => cache.Mismatches),
        ("freshet_cache_saved_seconds_total", "Database time that hits saved.", cache => cache.SavedMicroseconds / 1e6),
    ];

    private static readonly (string Name, string Help, Func<FeedStatus, double> Value)[] FeedGauges =
    [
        ("freshet_feed_live", "1 while the database's changes are followed.",
            feed => feed.State == FeedState.Live ? 1 : 0),
        ("freshet_feed_staleness_seconds", "Everything committed longer ago than this has been noted.",
            feed => feed.SecondsSinceCaughtUp ?? double.PositiveInfinity),
        ("freshet_feed_tables", "Tables that are followed.", feed => feed.TrackedTables),
    ];

    private static readonly (string Name, string Help, Func<FeedStatus, double> Value)[] FeedCounters =
    [
        ("freshet_feed_pulses_total", "Questions to the primary for its snapshot and position.", feed => feed.Pulses),
        ("freshet_feed_commits_total", "Commits streamed.", feed => feed.Commits),
        ("freshet_feed_reconnects_total", "Streams begun after the first.", feed => feed.Reconnects),
    ];

    private static readonly long[] DelayBounds =
        [.. LatencyHistogram.BoundsInSeconds.Select(bound => (long)Math.Round(bound * 1e6))];

    public static void Write(ExpositionWriter writer, ProxyStatistics statistics, IEnumerable<DatabaseFeedStatus> feeds)
    {
        CacheStatistics[] caches = [.. statistics.Caches.Take(MostDatabases)];
        writer.Gauge("freshet_cache_bytes", "Memory of cached results, keys and their index.");
        writer.Sample(statistics.CacheBytes);
        writer.Gauge("freshet_cache_max_bytes", "cacheSize.");
        writer.Sample(statistics.CacheMaxBytes);
        writer.Gauge("freshet_cache_entries", "Cached results.");
        writer.Sample(statistics.CacheEntries);
        writer.Counter("freshet_cache_evictions_total", "Results put out to make room.");
        writer.Sample(statistics.CacheEvictions);
        writer.Gauge("freshet_cache_flights", "Queries under way whose result others may wait for.");
        writer.Sample(statistics.CacheFlights);
        writer.Counter("freshet_cache_requests_total", "Requests by how the cache dealt with them.");
        foreach (CacheStatistics cache in caches)
        {
            foreach ((string result, long count) in cache.Requests)
                writer.Sample(count, ("database", cache.Database), ("server", cache.Target), ("result", result));
        }
        writer.Counter("freshet_cache_dropped_total", "Results that were not stored, by reason.");
        foreach (CacheStatistics cache in caches)
        {
            foreach ((string reason, long count) in cache.Dropped)
                writer.Sample(count, ("database", cache.Database), ("server", cache.Target), ("reason", reason));
        }
        writer.Counter("freshet_cache_invalidations_total", "Invalidations by hand, by what they named.");
        foreach (CacheStatistics cache in caches)
        {
            foreach ((string by, long count) in cache.Invalidations)
                writer.Sample(count, ("database", cache.Database), ("server", cache.Target), ("by", by));
        }
        writer.Gauge("freshet_cache_mode", "1 for the mode in force.");
        foreach (CacheStatistics cache in caches)
            writer.Sample(1, ("database", cache.Database), ("server", cache.Target), ("mode", cache.EffectiveMode));
        foreach (var (name, help, value) in Counters)
        {
            writer.Counter(name, help);
            foreach (CacheStatistics cache in caches)
                writer.Sample(value(cache), ("database", cache.Database), ("server", cache.Target));
        }
        WriteFeeds(writer, [.. feeds.Take(MostDatabases)]);
    }

    private static void WriteFeeds(ExpositionWriter writer, DatabaseFeedStatus[] feeds)
    {
        foreach (var (name, help, value) in FeedGauges)
        {
            writer.Gauge(name, help);
            foreach (DatabaseFeedStatus feed in feeds)
                writer.Sample(value(feed.Status), ("database", feed.Database), ("server", feed.Target));
        }
        foreach (var (name, help, value) in FeedCounters)
        {
            writer.Counter(name, help);
            foreach (DatabaseFeedStatus feed in feeds)
                writer.Sample(value(feed.Status), ("database", feed.Database), ("server", feed.Target));
        }
        writer.Histogram(
            "freshet_feed_commit_delay_seconds",
            "From a commit's time on the server's clock until no result from before it was served.");
        foreach (DatabaseFeedStatus feed in feeds)
        {
            if (feed.Status.CommitToNoted is { } delay)
            {
                writer.Buckets(
                    delay.Counts.AsSpan(), DelayBounds, (long)(delay.SumInSeconds * 1e6),
                    ("database", feed.Database), ("server", feed.Target));
            }
        }
    }
}
