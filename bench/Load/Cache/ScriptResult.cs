namespace Freshet.Bench.Load.Cache;

/// <summary>What one run showed, all of it in the measured window.</summary>
internal sealed record ScriptResult
{
    public required string Party { get; init; }

    public required int Round { get; init; }

    /// <summary>Why there are no numbers; null when there are.</summary>
    public string? Failure { get; init; }

    public double? TransactionsPerSecond { get; init; }

    /// <summary>Of the proxy, all its processes; null for the direct way.</summary>
    public double? CpuMicrosecondsPerTransaction { get; init; }

    /// <summary>By the whole process, whatever for; null when it does not tell.</summary>
    public double? AllocatedBytesPerTransaction { get; init; }

    /// <summary>By the event loops, which do all that a request needs; null when it does not tell.</summary>
    public double? LoopBytesPerTransaction { get; init; }

    /// <summary>Hits among the requests that can be cached; null when it does not tell.</summary>
    public double? HitShare { get; init; }

    public IReadOnlyList<ScriptLatency> Latencies { get; init; } = [];
}

/// <summary>Latencies of one script of a run.</summary>
/// <param name="Samples">How many the percentiles stand on.</param>
internal sealed record ScriptLatency(string Script, double? P50Microseconds, double? P99Microseconds, int Samples);
