using System.Diagnostics;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Telemetry;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Pools;

public sealed class PoolCountersTests
{
    private static long Ticks(long microseconds) => microseconds * Stopwatch.Frequency / 1_000_000;

    [Fact]
    public void A_bucket_holds_what_is_not_above_its_bound()
    {
        var counters = new PoolCounters();
        for (int i = 0; i < PoolStatistics.LatencyBuckets.Length; i++)
        {
            counters.QueryDone(Ticks(PoolStatistics.LatencyBuckets[i]));
            Assert.Equal(1, counters.QueryHistogram[i]);
            counters.QueryDone(Ticks(PoolStatistics.LatencyBuckets[i] + 1));
            Assert.Equal(1, counters.QueryHistogram[i + 1]);
            counters.QueryHistogram[i + 1]--;
        }

        counters.QueryDone(Ticks(3_600_000_000));
        Assert.Equal(1, counters.QueryHistogram[^1]);
        Assert.All(counters.QueryHistogram, count => Assert.Equal(1, count));
    }

    [Fact]
    public void Totals_are_in_microseconds()
    {
        var counters = new PoolCounters();
        counters.QueryDone(Ticks(40));
        counters.QueryDone(Ticks(60));
        counters.TransactionDone(Ticks(500));
        counters.Waited(0);
        counters.Waited(Ticks(100));
        Assert.Equal((2, 100), (counters.Queries, counters.QueryMicroseconds));
        Assert.Equal((1, 500), (counters.Transactions, counters.TransactionMicroseconds));
        Assert.Equal(100, counters.WaitMicroseconds);
        Assert.Equal((1, 1), (counters.WaitHistogram[0], counters.WaitHistogram[1]));
    }

    [Fact]
    public void A_day_in_ticks_does_not_overflow() =>
        Assert.Equal(86_400_000_000, PoolCounters.Microseconds(86_400 * Stopwatch.Frequency));
}
