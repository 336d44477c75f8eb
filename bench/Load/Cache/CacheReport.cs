using System.Text;
using Freshet.Bench.Load.Report;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>All that a cache run measured.</summary>
internal sealed record CacheResultFile
{
    public required MachineDescription Machine { get; init; }

    public required CacheOptions Settings { get; init; }

    public required IReadOnlyList<CacheCell> Cells { get; init; }

    /// <summary>Milliseconds, sorted.</summary>
    public required double[] VisibilityMilliseconds { get; init; }

    /// <summary>Of all cacheable requests in the mixed cell.</summary>
    public required double? MixedHitShare { get; init; }

    /// <summary>By protocol: bytes allocated in the proxy for each hit.</summary>
    public required IReadOnlyDictionary<string, double> AllocatedBytesPerHit { get; init; }
}

/// <summary>One comparison, round by round.</summary>
internal sealed record CacheCell(string Name, string Protocol, IReadOnlyList<IReadOnlyList<ScriptResult>> Rounds)
{
    /// <summary>Median of the rounds' ratios.</summary>
    public double? Ratio(string mine, string theirs, Func<ScriptResult, double?> value) =>
        Median.OfRatios(Rounds.Select(round => (Of(round, mine, value), Of(round, theirs, value))));

    public double? Value(string party, Func<ScriptResult, double?> value) =>
        Median.Of(Rounds.Select(round => Of(round, party, value)));

    public IEnumerable<string> Parties => Rounds[0].Select(result => result.Party);

    private static double? Of(
        IReadOnlyList<ScriptResult> round, string party, Func<ScriptResult, double?> value) =>
        round.Where(result => string.Equals(result.Party, party, StringComparison.Ordinal)).Select(value)
            .FirstOrDefault();
}

/// <summary>The result for people.</summary>
internal static class CacheReport
{
    public static string Render(CacheResultFile result)
    {
        var text = new StringBuilder("# The cache against its peers\n\n");
        text.Append(ResultFiles.Describe(result.Machine)).Append(
            $"{result.Settings.Clients} clients, one pgbench thread, {result.Settings.Rounds} interleaved rounds of "
            + $"{result.Settings.Seconds} s; medians.\n\n");
        ResultFiles.AppendRow(
            text, "cell", "protocol", "party", "tps", "against direct", "CPU µs/txn", "p50 µs by script");
        ResultFiles.AppendRow(text, "---", "---", "---", "---", "---", "---", "---");
        foreach (var cell in result.Cells)
        {
            foreach (var party in cell.Parties)
            {
                var scripts = cell.Rounds[0].First(run => string.Equals(run.Party, party, StringComparison.Ordinal))
                    .P50Microseconds.Length;
                ResultFiles.AppendRow(
                    text, cell.Name, cell.Protocol, party,
                    ResultFiles.Format(cell.Value(party, run => run.TransactionsPerSecond), "0"),
                    ResultFiles.Format(cell.Ratio(party, "direct", run => run.TransactionsPerSecond), "0.00"),
                    ResultFiles.Format(cell.Value(party, run => run.CpuMicroseconds), "0.0"),
                    string.Join(" / ", Enumerable.Range(0, scripts).Select(index =>
                        ResultFiles.Format(cell.Value(party, run => run.P50Microseconds[index]), "0"))));
            }
        }

        text.Append('\n');
        foreach (var cell in result.Cells)
            AppendRatios(text, cell);
        text.Append($"\nMixed: {result.MixedHitShare:P1} of the cacheable requests were hits.\n");
        text.Append("Allocated per hit: ").AppendJoin(
            ", ", result.AllocatedBytesPerHit.Select(pair => $"{pair.Key} {pair.Value:0.0} bytes")).Append(".\n");
        var delays = result.VisibilityMilliseconds;
        text.Append(
            $"Commit to the last old answer, at 1,000 commits/s of others: p50 {delays[delays.Length / 2]:0.00} ms, "
            + $"p99 {delays[(int)(delays.Length * 0.99)]:0.00} ms, most {delays[^1]:0.00} ms, of {delays.Length}.\n");
        return text.ToString();
    }

    private static void AppendRatios(StringBuilder text, CacheCell cell)
    {
        foreach (var (mine, theirs) in (ReadOnlySpan<(string, string)>)
            [("cached", "pgpool"), ("cached", "uncached")])
        {
            if (cell.Ratio(mine, theirs, run => run.TransactionsPerSecond) is { } ratio)
                text.Append($"- {cell.Name}, {cell.Protocol}: {mine} : {theirs} = {ratio:0.00}\n");
        }

        if (cell.Ratio("cached", Yardstick.Name, run => run.CpuMicroseconds) is { } cpu)
            text.Append($"- {cell.Name}, {cell.Protocol}: CPU of a hit : yardstick = {cpu:0.00}\n");
    }
}
