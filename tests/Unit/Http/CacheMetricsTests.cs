using Freshet.Server.Feed;
using Freshet.Server.Http;
using Freshet.Server.Proxy.Telemetry;
using Xunit;

namespace Freshet.Tests.Unit.Http;

public sealed class CacheMetricsTests
{
    [Fact]
    public void Databases_of_the_same_name_on_two_servers_have_series_of_their_own()
    {
        var statistics = MetricsTests.Proxy() with { Caches = [Cache("one:5432", 3), Cache("two:5432", 4)] };
        DatabaseFeedStatus[] feeds = [Feed("one:5432"), Feed("two:5432")];
        var writer = new ExpositionWriter();
        CacheMetrics.Write(writer, statistics, feeds);

        // A sample that comes twice is refused here, as Prometheus refuses the page.
        var metrics = Exposition.Parse(writer.ToString());
        Assert.Equal(3, metrics.Samples["freshet_cache_stored_total{database=shop,server=one:5432}"]);
        Assert.Equal(4, metrics.Samples["freshet_cache_stored_total{database=shop,server=two:5432}"]);
        Assert.Equal(1, metrics.Samples["freshet_feed_live{database=shop,server=two:5432}"]);
        const string Delay = "freshet_feed_commit_delay_seconds_bucket{database=shop,server=one:5432,";
        Assert.Equal(0, metrics.Samples[Delay + "le=0.001}"]);
        Assert.Equal(1, metrics.Samples[Delay + "le=0.0025}"]);
    }

    [Fact]
    public void A_feed_belongs_to_the_cache_of_its_own_server()
    {
        Assert.True(Feed("one:5432").Feeds(Cache("one:5432", 0)));
        Assert.False(Feed("one:5432").Feeds(Cache("two:5432", 0)));
    }

    private static CacheStatistics Cache(string target, long stored) =>
        new()
        {
            Target = target,
            Database = "shop",
            Mode = "session",
            EffectiveMode = "session",
            Requests = [("hit", 1)],
            Dropped = [("refused", 1)],
            Invalidations = [("tag", 1)],
            Stored = stored,
        };

    private static DatabaseFeedStatus Feed(string target)
    {
        var delays = new LatencyHistogram();
        delays.Add(TimeSpan.FromMilliseconds(2));
        return new(target, "shop", new FeedStatus { State = FeedState.Live, CommitToNoted = delays.Read() });
    }
}
