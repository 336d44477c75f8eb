using Freshet.Server.Feed;
using Freshet.Server.Proxy.Settings;
using Xunit;

namespace Freshet.Tests.Unit.Feed;

public sealed class FeedTimesTests
{
    private static readonly FeedOptions Options = new()
    {
        Server = new FeedServer("db.example", 5432, "shop", "app", "secret", TlsSnapshot.Disabled),
        ReadFingerprint = (_, _) => Task.FromResult(""),
    };

    [Fact]
    public void The_pause_doubles_up_to_its_limit_and_begins_anew_after_a_stream()
    {
        var delay = new RetryDelay(Options);
        double[] expected = [0.25, 0.5, 1, 2, 4, 8, 15, 15];
        foreach (double seconds in expected)
        {
            Assert.InRange(delay.After(isUnavailable: false, connects: 0).TotalSeconds, seconds * 0.75, seconds);
        }

        Assert.InRange(delay.After(isUnavailable: false, connects: 1).TotalSeconds, 0.1875, 0.25);
        Assert.InRange(delay.After(isUnavailable: true, connects: 1).TotalSeconds, 22.5, 30);
        Assert.InRange(delay.After(isUnavailable: false, connects: 1).TotalSeconds, 0.375, 0.5);
    }

    [Fact]
    public void Latencies_are_counted_by_bucket_and_a_clock_that_runs_ahead_counts_as_nothing()
    {
        var histogram = new LatencyHistogram();
        histogram.Add(TimeSpan.FromMilliseconds(-5));
        histogram.Add(TimeSpan.FromMilliseconds(0.1));
        histogram.Add(TimeSpan.FromMilliseconds(3));
        histogram.Add(TimeSpan.FromSeconds(100));
        LatencySnapshot counted = histogram.Read();
        Assert.Equal(4, counted.Count);
        Assert.Equal(2, counted.Counts[0]);
        Assert.Equal(1, counted.Counts[LatencyHistogram.BoundsInSeconds.IndexOf(0.005)]);
        Assert.Equal(1, counted.Counts[^1]);
        Assert.Equal(100.0031, counted.SumInSeconds, 6);
    }

    [Fact]
    public void A_servers_text_never_shows_its_password()
    {
        Assert.DoesNotContain("secret", Options.Server.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", Options.ToString(), StringComparison.Ordinal);
    }
}
