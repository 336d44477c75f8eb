using System.Diagnostics;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Proxy.Pools;

/// <summary>One pool's counters on one loop: written by that loop only, read by anybody, never locked. Times in
/// microseconds.</summary>
internal sealed class PoolCounters
{
    public long Transactions, Queries, TransactionMicroseconds, QueryMicroseconds, WaitMicroseconds;
    public long BytesFromClients, BytesFromServers, ServerConnects, ServerConnectFailures, WaitTimeouts, Errors;
    public long ClientParses, ServerParses, Binds;

    public long[] QueryHistogram { get; } = new long[PoolStatistics.LatencyBuckets.Length + 1];

    public long[] WaitHistogram { get; } = new long[PoolStatistics.LatencyBuckets.Length + 1];

    public long[] Pins { get; } = new long[State.PinReasonNames.All.Length];

    public void QueryDone(long ticks)
    {
        Queries++;
        long microseconds = Microseconds(ticks);
        QueryMicroseconds += microseconds;
        Count(QueryHistogram, microseconds);
    }

    public void TransactionDone(long ticks)
    {
        Transactions++;
        TransactionMicroseconds += Microseconds(ticks);
    }

    public void Waited(long ticks)
    {
        long microseconds = Microseconds(ticks);
        WaitMicroseconds += microseconds;
        Count(WaitHistogram, microseconds);
    }

    /// <summary>Seconds apart: the product would overflow after two and a half hours.</summary>
    internal static long Microseconds(long ticks)
    {
        (long seconds, long rest) = Math.DivRem(ticks, Stopwatch.Frequency);
        return (seconds * 1_000_000) + (rest * 1_000_000 / Stopwatch.Frequency);
    }

    private static void Count(long[] histogram, long microseconds)
    {
        int bucket = 0;
        while (bucket < PoolStatistics.LatencyBuckets.Length && microseconds > PoolStatistics.LatencyBuckets[bucket])
        {
            bucket++;
        }

        histogram[bucket]++;
    }
}
