using System.Collections.Immutable;

namespace Freshet.Server.Feed;

/// <summary>Counts times by buckets with fixed upper bounds. One thread adds, any thread reads.</summary>
internal sealed class LatencyHistogram
{
    /// <summary>Upper bounds in seconds; beyond the last there is one bucket more.</summary>
    public static readonly ImmutableArray<double> BoundsInSeconds =
    [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
    ];

    private readonly long[] _counts = new long[BoundsInSeconds.Length + 1];
    private double _sumInSeconds;

    public void Add(TimeSpan time)
    {
        double seconds = Math.Max(0, time.TotalSeconds);
        int bucket = 0;
        while (bucket < BoundsInSeconds.Length && seconds > BoundsInSeconds[bucket])
        {
            bucket++;
        }

        Volatile.Write(ref _counts[bucket], _counts[bucket] + 1);
        Volatile.Write(ref _sumInSeconds, _sumInSeconds + seconds);
    }

    /// <summary>What was counted; each bucket without those below it.</summary>
    public LatencySnapshot Read()
    {
        var counts = ImmutableArray.CreateBuilder<long>(_counts.Length);
        for (int i = 0; i < _counts.Length; i++)
        {
            counts.Add(Volatile.Read(ref _counts[i]));
        }

        return new LatencySnapshot(counts.MoveToImmutable(), Volatile.Read(ref _sumInSeconds));
    }
}

/// <param name="Counts">By bucket, as <see cref="LatencyHistogram.BoundsInSeconds"/>, and one for what is longer.
/// </param>
/// <param name="SumInSeconds">Of all.</param>
internal sealed record LatencySnapshot(ImmutableArray<long> Counts, double SumInSeconds)
{
    public long Count => Counts.Sum();
}
