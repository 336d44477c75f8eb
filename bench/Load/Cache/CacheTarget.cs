using Freshet.Bench.Load.Report;

namespace Freshet.Bench.Load.Cache;

/// <summary>What the cache has to reach, and what it has reached.</summary>
/// <param name="IsLeast">The limit is the least that will do; otherwise the most.</param>
/// <param name="Format">Of limit and measured value.</param>
internal sealed record CacheTarget(string What, bool IsLeast, double Limit, double? Measured, string Format)
{
    /// <summary>What the yardstick reaches, where it takes part: the most that the machine and pgbench let pass.
    /// </summary>
    public double? MostPossible { get; init; }

    /// <summary>Repeated runs of the same differ by so much; who is to add nothing may show it.</summary>
    private const double Noise = 0.03;

    public bool? IsMet => Measured is { } value ? IsLeast ? value >= Limit : value <= Limit : null;

    public string Goal => (IsLeast ? "≥ " : "≤ ") + ResultFiles.Format(Limit, Format);

    /// <summary>Those of the parts that were run.</summary>
    public static IEnumerable<CacheTarget> Of(CacheResult result) =>
        [.. OfHits(result), .. OfOthers(result), .. OfSessions(result), .. OfDelays(result)];

    private static IEnumerable<CacheTarget> OfHits(CacheResult result)
    {
        foreach (var cell in result.Cells.Where(cell => cell.Name is CacheParts.Hot))
        {
            double? Speed(string theirs) =>
                cell.Ratio(CacheContenders.CachedName, theirs, run => run.TransactionsPerSecond);
            var name = $"hits, {cell.Protocol}: ";
            yield return new CacheTarget(
                name + "throughput to direct", true, cell.Protocol is "prepared" ? 3.5 : 5,
                Speed(CacheContenders.DirectName), "0.00 ×")
            {
                MostPossible = cell.Ratio(
                    Yardstick.Name, CacheContenders.DirectName, run => run.TransactionsPerSecond),
            };
            yield return new CacheTarget(name + "throughput to Pgpool-II", true, 3, Speed(Pgpool.Name), "0.00 ×");
            yield return new CacheTarget(
                name + "CPU to the yardstick", false, 1.3,
                cell.Ratio(
                    CacheContenders.CachedName, Yardstick.Name, run => run.CpuMicrosecondsPerTransaction),
                "0.00 ×");
            // Of the loops: timers, feed and metrics allocate a few bytes each second, whatever the hits. One is for
            // the loops' own upkeep ten times a second.
            yield return new CacheTarget(
                name + "bytes allocated for each", false, 1,
                cell.Value(CacheContenders.CachedName, run => run.LoopBytesPerTransaction), "0.0");
        }
    }

    private static IEnumerable<CacheTarget> OfOthers(CacheResult result)
    {
        foreach (var cell in result.Cells.Where(cell => cell.Name is not CacheParts.Hot))
        {
            var speed = cell.Ratio(
                CacheContenders.CachedName, CacheContenders.UncachedName, run => run.TransactionsPerSecond);
            var name = $"{cell.Name}, {cell.Protocol}: ";
            if (cell.Name is CacheParts.Misses)
                yield return new CacheTarget(name + "throughput to the cache off", true, 0.95, speed, "0.00 ×");
            if (cell.Name is not CacheParts.Mixed)
                continue;
            yield return new CacheTarget(name + "throughput to the cache off", true, 2, speed, "0.00 ×");
            yield return new CacheTarget(
                name + "hits among the cacheable reads", true, 0.9,
                cell.Value(CacheContenders.CachedName, run => run.HitShare), "0.0 %");
        }
    }

    private static IEnumerable<CacheTarget> OfSessions(CacheResult result)
    {
        if (result.Sessions.Count == 0)
            yield break;
        yield return new CacheTarget(
            "one session alone: p50 of a hit to a round trip to the database", false, 1,
            result.SessionRatio(
                CacheContenders.CachedName, CacheContenders.DirectName, CacheWorkload.Hit,
                latency => latency.P50Microseconds),
            "0.00 ×");
        yield return new CacheTarget(
            "one session alone: p50 of a write in a row to the cache off (3 % are noise)", false, 1 + Noise,
            result.SessionRatio(
                CacheContenders.CachedName, CacheContenders.UncachedName, CacheWorkload.WriteInARow,
                latency => latency.P50Microseconds),
            "0.00 ×");
    }

    private static IEnumerable<CacheTarget> OfDelays(CacheResult result)
    {
        if (result.Visibility is { } visibility)
        {
            yield return new CacheTarget(
                "commit to last old answer, p99, ms", false, 10,
                VisibilityResult.Percentile(visibility.LastOldMilliseconds, 0.99), "0.00");
            yield return new CacheTarget(
                "commit to unreachable by the proxy's histogram, p99, ms", false, 10,
                visibility.FeedP99Milliseconds, "0.00");
        }

        if (result.Kill is { } kill)
        {
            yield return new CacheTarget(
                "kill -9 to no slot, s", false, KillProbe.Limit.TotalSeconds,
                kill.SecondsUntilGone ?? double.PositiveInfinity, "0.00");
        }
    }
}
