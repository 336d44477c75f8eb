using System.Text;
using Freshet.Bench.Load.Report;

namespace Freshet.Bench.Load.Pooling;

/// <summary>The pooling result for people: one table for plain, one for TLS; a row per cell and party.</summary>
internal static class PoolingReport
{
    public static string Render(PoolingResult result)
    {
        var settings = result.Settings;
        var text = new StringBuilder("# Pooling: select-only pgbench\n\n");
        text.Append(ResultFiles.Describe(result.Machine)).Append('\n');
        text.Append($"Median of {settings.Rounds} rounds of {settings.Seconds} s each, parties in turn, pool size ")
            .Append($"{settings.Rig.PoolSize}, scale {settings.Rig.Scale}, pgbench -j {settings.Jobs}, client ")
            .Append($"authentication {settings.Auth.ToString().ToLowerInvariant()}. Ratios: median of the rounds' ")
            .Append("ratios to PgBouncer in the same round; throughput: higher is better, CPU and p99: lower is ")
            .Append("better. How to read them: docs/benchmarks.md.\n");
        foreach (var tls in settings.Tls)
            AppendTable(text, tls, result.Cells.Where(cell => cell.Cell.Tls == tls).ToList());

        AppendNotes(text, result.Cells);
        return text.ToString();
    }

    private static void AppendTable(StringBuilder text, bool tls, List<CellResult> cells)
    {
        if (cells.Count == 0)
            return;
        text.Append(tls ? "\n## TLS between client and pooler\n\n" : "\n## Plain\n\n");
        ResultFiles.AppendRow(
            text, "protocol", "clients", "party", "tps", "CPU µs/txn", "p50 ms", "p99 ms", "allocated B/txn",
            "throughput ×", "CPU ×", "p99 ×");
        text.Append("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        foreach (var cell in cells)
        {
            foreach (var party in cell.Summaries)
                AppendParty(text, cell, party);
            if (cell.Baseline is null)
            {
                ResultFiles.AppendRow(
                    text, cell.Cell.Protocol, cell.Cell.Clients.ToString(), "pgbouncer", "n/a",
                    "n/a", "n/a", "n/a", "-", "-", "-", "-");
            }
        }
    }

    private static void AppendParty(StringBuilder text, CellResult cell, PartySummary party)
    {
        var isPooler = party.Party is not Contenders.Direct;
        var isFreshet = party.Party.StartsWith(Contenders.FreshetName, StringComparison.Ordinal);
        ResultFiles.AppendRow(
            text,
            cell.Cell.Protocol,
            cell.Cell.Clients.ToString(),
            party.Party + (party.Failures > 0 ? $" ({party.Failures} of {party.Runs} failed)" : ""),
            ResultFiles.Format(party.TransactionsPerSecond, "#,0"),
            isPooler ? ResultFiles.Format(party.CpuMicrosecondsPerTransaction, "0.0") : "-",
            ResultFiles.Format(party.P50Microseconds / 1000, "0.000"),
            ResultFiles.Format(party.P99Microseconds / 1000, "0.000"),
            isFreshet ? ResultFiles.Format(party.AllocatedBytesPerTransaction, "0.0") : "-",
            isFreshet ? ResultFiles.Format(party.ThroughputRatio, "0.00") : "-",
            isFreshet ? ResultFiles.Format(party.CpuRatio, "0.00") : "-",
            isFreshet ? ResultFiles.Format(party.P99Ratio, "0.00") : "-");
    }

    private static void AppendNotes(StringBuilder text, IReadOnlyList<CellResult> cells)
    {
        var notes = cells.Select(cell => cell.MissingBaseline).OfType<string>()
            .Select(reason => $"pgbouncer n/a: {reason}.")
            .Concat(cells.Where(cell => cell.Baseline is Contenders.PgBouncerSession).Select(_ =>
                "pgbouncer-session: this version of PgBouncer cannot share prepared statements in transaction mode; "
                + "it runs in session mode here, which does less work per transaction, Freshet in transaction mode."))
            .Concat(
                from cell in cells
                from party in cell.Summaries
                where party.FirstFailure is not null
                select $"{party.Party}, {cell.Cell.Protocol}, {cell.Cell.Clients} clients"
                    + $"{(cell.Cell.Tls ? ", TLS" : "")}: {party.FirstFailure?.ReplaceLineEndings(" / ")}")
            .Distinct(StringComparer.Ordinal)
            .ToList();
        if (notes.Count == 0)
            return;
        text.Append("\n## Notes\n\n");
        foreach (var note in notes)
            text.Append("- ").Append(note).Append('\n');
    }
}
