namespace Freshet.Bench.Load.Cache;

/// <summary>How old what the cache serves can be.</summary>
internal sealed record VisibilityResult
{
    /// <summary>What the writers reached, the probes' own not counted.</summary>
    public required double CommitsPerSecond { get; init; }

    /// <summary>Of the probes' reads: without hits the probes would prove nothing.</summary>
    public required double? HitShare { get; init; }

    /// <summary>From the database's word that the commit is done to the last old answer; 0 where there was none.
    /// Sorted.</summary>
    public required double[] LastOldMilliseconds { get; init; }

    /// <summary>To the first new answer: always at least one read. Sorted.</summary>
    public required double[] FirstNewMilliseconds { get; init; }

    /// <summary>Of all commits, from the database's commit time to the moment when entries were unreachable, as the
    /// proxy counts it: the upper bound of the histogram's bucket. Null: it does not tell.</summary>
    public required double? FeedP50Milliseconds { get; init; }

    public required double? FeedP99Milliseconds { get; init; }

    public static double Percentile(double[] sorted, double share) =>
        sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
}
