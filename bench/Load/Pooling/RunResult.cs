namespace Freshet.Bench.Load.Pooling;

/// <summary>What one pgbench run through one party gave, all of it in the measured window.</summary>
internal sealed record RunResult
{
    public required string Party { get; init; }
    public required int Round { get; init; }

    /// <summary>Why there are no numbers; null when there are.</summary>
    public string? Failure { get; init; }

    public double? TransactionsPerSecond { get; init; }

    /// <summary>CPU of the pooler's process; null for the direct way.</summary>
    public double? CpuMicrosecondsPerTransaction { get; init; }

    public double? P50Microseconds { get; init; }
    public double? P99Microseconds { get; init; }

    /// <summary>How many latencies the percentiles stand on.</summary>
    public int LatencySamples { get; init; }

    /// <summary>By the whole process, whatever for; null when it does not tell.</summary>
    public double? AllocatedBytesPerTransaction { get; init; }
}
