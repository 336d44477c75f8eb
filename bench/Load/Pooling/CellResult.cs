using Freshet.Bench.Load.Report;

namespace Freshet.Bench.Load.Pooling;

/// <summary>All runs of a cell, and what they come to.</summary>
internal sealed record CellResult
{
    public required Cell Cell { get; init; }

    /// <summary>Whom Freshet is compared with: PgBouncer, or PgBouncer in session mode; null: nobody.</summary>
    public string? Baseline { get; init; }

    /// <summary>Why there is no baseline.</summary>
    public string? MissingBaseline { get; init; }

    public required IReadOnlyList<RunResult> Runs { get; init; }

    public IReadOnlyList<PartySummary> Summaries =>
        Runs.GroupBy(run => run.Party, StringComparer.Ordinal)
            .Select(runs => PartySummary.Of(runs.Key, [.. runs], Baseline is null ? [] : RunsOf(Baseline)))
            .ToList();

    private List<RunResult> RunsOf(string party) =>
        Runs.Where(run => string.Equals(run.Party, party, StringComparison.Ordinal)).ToList();
}

/// <summary>Medians of one party's runs in a cell; ratios are the medians of the rounds' ratios to the baseline.
/// </summary>
internal sealed record PartySummary
{
    public required string Party { get; init; }
    public required int Runs { get; init; }
    public required int Failures { get; init; }
    public string? FirstFailure { get; init; }
    public double? TransactionsPerSecond { get; init; }
    public double? CpuMicrosecondsPerTransaction { get; init; }
    public double? P50Microseconds { get; init; }
    public double? P99Microseconds { get; init; }
    public double? AllocatedBytesPerTransaction { get; init; }
    public double? ThroughputRatio { get; init; }
    public double? CpuRatio { get; init; }
    public double? P99Ratio { get; init; }

    public static PartySummary Of(string party, IReadOnlyList<RunResult> runs, IReadOnlyList<RunResult> baseline)
    {
        double? Ratio(Func<RunResult, double?> value) =>
            Median.OfRatios(
                from mine in runs
                join theirs in baseline on mine.Round equals theirs.Round
                select (value(mine), value(theirs))
            );

        return new PartySummary
        {
            Party = party,
            Runs = runs.Count,
            Failures = runs.Count(run => run.Failure is not null),
            FirstFailure = runs.Select(run => run.Failure).FirstOrDefault(failure => failure is not null),
            TransactionsPerSecond = Median.Of(runs.Select(run => run.TransactionsPerSecond)),
            CpuMicrosecondsPerTransaction = Median.Of(runs.Select(run => run.CpuMicrosecondsPerTransaction)),
            P50Microseconds = Median.Of(runs.Select(run => run.P50Microseconds)),
            P99Microseconds = Median.Of(runs.Select(run => run.P99Microseconds)),
            AllocatedBytesPerTransaction = Median.Of(runs.Select(run => run.AllocatedBytesPerTransaction)),
            ThroughputRatio = Ratio(run => run.TransactionsPerSecond),
            CpuRatio = Ratio(run => run.CpuMicrosecondsPerTransaction),
            P99Ratio = Ratio(run => run.P99Microseconds),
        };
    }
}
