using Freshet.Bench.Load.Report;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>All that a cache run measured; what was not asked for is empty or null.</summary>
internal sealed record CacheResult
{
    public required MachineDescription Machine { get; init; }

    /// <summary>Pgpool-II's version, or why it did not take part.</summary>
    public required string Pgpool { get; init; }

    public required CacheOptions Settings { get; init; }

    public required IReadOnlyList<CacheCell> Cells { get; init; }

    public required IReadOnlyList<ProbeRun> Sessions { get; init; }

    public VisibilityResult? Visibility { get; init; }

    public KillResult? Kill { get; init; }

    public CacheCell? Find(string name, string protocol) => Cells.FirstOrDefault(cell =>
        string.Equals(cell.Name, name, StringComparison.Ordinal)
        && string.Equals(cell.Protocol, protocol, StringComparison.Ordinal));

    /// <summary>Median of the rounds' ratios of a percentile.</summary>
    public double? SessionRatio(string mine, string theirs, string kind, Func<ScriptLatency, double?> value) =>
        Median.OfRatios(
            from my in Sessions
            join their in Sessions on my.Round equals their.Round
            where string.Equals(my.Party, mine, StringComparison.Ordinal)
                && string.Equals(their.Party, theirs, StringComparison.Ordinal)
            select (my.Find(kind) is { } one ? value(one) : null, their.Find(kind) is { } other ? value(other) : null));
}

/// <summary>One workload under one protocol, by all who took part.</summary>
internal sealed record CacheCell(string Name, string Protocol, IReadOnlyList<ScriptResult> Runs)
{
    public IEnumerable<string> Parties => Runs.Select(run => run.Party).Distinct(StringComparer.Ordinal);

    /// <summary>Median of the rounds' ratios.</summary>
    public double? Ratio(string mine, string theirs, Func<ScriptResult, double?> value) => Median.OfRatios(
        from my in RunsOf(mine)
        join their in RunsOf(theirs) on my.Round equals their.Round
        select (value(my), value(their)));

    public double? Value(string party, Func<ScriptResult, double?> value) =>
        Median.Of(RunsOf(party).Select(value));

    public IEnumerable<ScriptResult> RunsOf(string party) =>
        Runs.Where(run => string.Equals(run.Party, party, StringComparison.Ordinal));
}
