using System.Text;
using Freshet.Bench.Load.Report;

namespace Freshet.Bench.Load.Cache;

/// <summary>The cache result for people: targets first, then a table for each cell.</summary>
internal static class CacheReport
{
    public static string Render(CacheResult result)
    {
        var settings = result.Settings;
        var text = new StringBuilder("# The cache against its peers\n\n");
        text.Append(ResultFiles.Describe(result.Machine)).Append($"Pgpool: {result.Pgpool}.\n\n")
            .Append($"{settings.Clients} clients, one pgbench thread, {settings.HotKeys} hot rows, median of ")
            .Append($"{settings.Rounds} rounds of {settings.Seconds} s each, parties in turn; ratios: median of the ")
            .Append("rounds' ratios. How to read them: docs/benchmarks.md.\n");
        AppendTargets(text, CacheTarget.Of(result).ToList());
        foreach (var cell in result.Cells)
            AppendCell(text, cell);
        AppendSessions(text, result.Sessions);
        if (result.Visibility is { } visibility)
            AppendVisibility(text, visibility);
        if (result.Kill is { } kill)
        {
            text.Append("\n## Killed\n\n").Append(kill.SecondsUntilGone is { } seconds
                ? $"After kill -9 its {kill.Slots} replication slot was gone within {Format(seconds, "0.00")} s.\n"
                : $"After kill -9 its replication slot was still there {KillProbe.Limit.TotalSeconds} s later.\n");
        }

        AppendFailures(text, result.Cells);
        return text.ToString();
    }

    private static string Format(double? value, string format) => ResultFiles.Format(value, format);

    private static void AppendTargets(StringBuilder text, List<CacheTarget> targets)
    {
        text.Append("\n## Targets\n\n");
        ResultFiles.AppendRow(text, "what", "target", "measured", "met");
        text.Append("|---|--:|--:|---|\n");
        foreach (var target in targets)
        {
            var met = target.IsMet switch { true => "yes", false => "**no**", null => "not measured" };
            if (target is { IsMet: false, MostPossible: { } most } && most < target.Limit)
                met += $": the yardstick has {Format(most, target.Format)}";
            ResultFiles.AppendRow(text, target.What, target.Goal, Format(target.Measured, target.Format), met);
        }
    }

    private static void AppendCell(StringBuilder text, CacheCell cell)
    {
        text.Append($"\n## {cell.Name}, {cell.Protocol}\n\n");
        var scripts = cell.Runs.SelectMany(run => run.Latencies).Select(latency => latency.Script)
            .Distinct(StringComparer.Ordinal).ToList();
        ResultFiles.AppendRow(
            text,
            [
                "party", "tps", "× direct", "CPU µs/txn", "allocated B/txn: loops, all", "hit share",
                .. scripts.Select(script => $"{script}: p50, p99 µs"),
            ]);
        text.Append("|---|--:|--:|--:|--:|--:|").Append(string.Concat(scripts.Select(_ => "--:|"))).Append('\n');
        foreach (var party in cell.Parties)
        {
            ResultFiles.AppendRow(
                text,
                [
                    party,
                    Format(cell.Value(party, run => run.TransactionsPerSecond), "#,0"),
                    Format(cell.Ratio(party, CacheContenders.DirectName, run => run.TransactionsPerSecond), "0.00"),
                    OrDash(cell.Value(party, run => run.CpuMicrosecondsPerTransaction), "0.0"),
                    Bytes(cell, party),
                    OrDash(cell.Value(party, run => run.HitShare), "0.0 %"),
                    .. scripts.Select(script => Percentiles(cell, party, script)),
                ]);
        }
    }

    private static string Bytes(CacheCell cell, string party)
    {
        var loops = cell.Value(party, run => run.LoopBytesPerTransaction);
        var all = cell.Value(party, run => run.AllocatedBytesPerTransaction);
        return loops is null && all is null ? "-" : $"{OrDash(loops, "0.00")}, {OrDash(all, "0.0")}";
    }

    private static string OrDash(double? value, string format) => value is null ? "-" : Format(value, format);

    private static string Percentiles(CacheCell cell, string party, string script)
    {
        var latencies = cell.RunsOf(party).SelectMany(run => run.Latencies)
            .Where(latency => string.Equals(latency.Script, script, StringComparison.Ordinal)).ToList();
        return $"{Format(Median.Of(latencies.Select(latency => latency.P50Microseconds)), "#,0")}, "
            + Format(Median.Of(latencies.Select(latency => latency.P99Microseconds)), "#,0");
    }

    private static void AppendSessions(StringBuilder text, IReadOnlyList<ProbeRun> sessions)
    {
        if (sessions.Count == 0)
            return;
        text.Append($"\n## One session alone, {LatencyProbe.Requests:#,0} requests of the mixed traffic\n\n");
        string[] kinds = [CacheWorkload.Hit, CacheWorkload.Other, CacheWorkload.Write];
        ResultFiles.AppendRow(text, ["party", "hit share", .. kinds.Select(kind => $"{kind}: p50, p99 µs")]);
        text.Append("|---|--:|--:|--:|--:|\n");
        foreach (var runs in sessions.GroupBy(run => run.Party, StringComparer.Ordinal))
        {
            ResultFiles.AppendRow(
                text,
                [
                    runs.Key, OrDash(Median.Of(runs.Select(run => run.HitShare)), "0.0 %"),
                    .. kinds.Select(kind =>
                        $"{Format(Median.Of(runs.Select(run => run.Find(kind)?.P50Microseconds)), "#,0")}, "
                        + Format(Median.Of(runs.Select(run => run.Find(kind)?.P99Microseconds)), "#,0")),
                ]);
        }
    }

    private static void AppendVisibility(StringBuilder text, VisibilityResult visibility)
    {
        text.Append($"\n## From a commit to the end of its old answers\n\n{visibility.LastOldMilliseconds.Length:#,0} ")
            .Append($"probes while others commit {Format(visibility.CommitsPerSecond, "#,0")} times a second; ")
            .Append($"{Format(visibility.HitShare, "0.0 %")} of the probes' reads were hits.\n\n");
        ResultFiles.AppendRow(text, "what", "p50 ms", "p99 ms", "most ms");
        text.Append("|---|--:|--:|--:|\n");
        AppendDelays(text, "last old answer", visibility.LastOldMilliseconds);
        AppendDelays(text, "first new answer", visibility.FirstNewMilliseconds);
        ResultFiles.AppendRow(
            text, "unreachable, by the proxy's histogram (bucket's upper bound)",
            Format(visibility.FeedP50Milliseconds, "0.00"), Format(visibility.FeedP99Milliseconds, "0.00"), "-");
    }

    private static void AppendDelays(StringBuilder text, string what, double[] sorted) => ResultFiles.AppendRow(
        text, what,
        Format(VisibilityResult.Percentile(sorted, 0.5), "0.00"),
        Format(VisibilityResult.Percentile(sorted, 0.99), "0.00"),
        Format(sorted[^1], "0.00"));

    private static void AppendFailures(StringBuilder text, IReadOnlyList<CacheCell> cells)
    {
        var failures = (
            from cell in cells
            from run in cell.Runs
            where run.Failure is not null
            select $"- {cell.Name}, {cell.Protocol}, {run.Party}, round {run.Round + 1}: "
                + $"{run.Failure!.ReplaceLineEndings(" / ")}\n").ToList();
        if (failures.Count > 0)
            text.Append("\n## Failures\n\n").AppendJoin("", failures);
    }
}
