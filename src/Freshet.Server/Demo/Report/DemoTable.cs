using Freshet.Server.Demo.Traffic;
using Spectre.Console;

namespace Freshet.Server.Demo.Report;

/// <summary>The report for people: before, after, how much.</summary>
internal static class DemoTable
{
    private const int Width = 100;

    public static void Write(DemoReport report, IAnsiConsole console)
    {
        console.Profile.Width = Width; // a pipe has no width of its own
        foreach (var pattern in report.Patterns)
        {
            var table = new Table { Title = new TableTitle(TitleOf(pattern)), Border = TableBorder.Rounded };
            table.AddColumn("");
            table.AddColumn(new TableColumn("direct").RightAligned());
            table.AddColumn(new TableColumn("pooled").RightAligned());
            table.AddColumn(new TableColumn("change").RightAligned());
            table.AddColumn(new TableColumn("cached").RightAligned());
            table.AddColumn(new TableColumn("change").RightAligned());
            foreach (var row in RowsOf(pattern))
                table.AddRow(row.Name, row.Direct, row.Freshet, row.Change, row.Cached, row.CachedChange);
            console.Write(table);
        }
        console.WriteLine(
            $"PostgreSQL {report.PostgresVersion}, max_connections {report.MaxConnections}, {report.Rows:N0} rows "
            + $"loaded in {report.LoadSeconds:N1} s, "
            + $"{report.Cores} cores shared by server, Freshet and clients; pool size {report.PoolSize}; "
            + $"{report.Rounds} {(report.Rounds == 1 ? "round" : "alternating rounds")} with the same requests.");
        console.WriteLine(
            $"Cache: {report.Cache.HitShare:P0} of {report.Cache.Requests:N0} requests answered from it, "
            + $"{report.Cache.SavedSeconds:N1} s of database time saved. Changes are against direct.");
        console.WriteLine(report.LiveWrite.Sentence);
    }

    internal static string TitleOf(PatternReport pattern) => pattern.Pattern switch
    {
        TrafficPattern.ConnectPerVisit => $"{pattern.Clients} web workers, a connection per visit of 3 to 8 requests",
        TrafficPattern.Persistent =>
            $"{pattern.Clients} web workers, each keeps its connection, one request in eight writes",
        _ => $"{pattern.Clients} web workers read popular pages, one request in fifty writes",
    };

    internal static IEnumerable<ReportRow> RowsOf(PatternReport pattern)
    {
        ReportRow Of(string name, Func<TrafficResult, double?> value, string format) =>
            Row(name, value(pattern.Direct), value(pattern.Freshet), value(pattern.Cached), format);
        Func<TrafficResult, double?> Percentile(Func<TrafficResult, List<int>> times, int percent) =>
            side => TrafficResult.Percentile(times(side), percent);

        yield return Of("requests per second", side => side.RequestsPerSecond, "N0");
        foreach (var percent in (int[])[50, 95, 99])
            yield return Of($"request p{percent}, ms", Percentile(side => side.RequestMicroseconds, percent), "N2");
        if (pattern.Pattern == TrafficPattern.ConnectPerVisit)
            yield return Of("visit p50 (connect + requests), ms", Percentile(side => side.VisitMicroseconds, 50), "N2");
        foreach (var percent in (int[])[50, 99])
            yield return Of($"connect p{percent}, ms", Percentile(side => side.ConnectMicroseconds, percent), "N2");
        yield return Of("server connections, peak", side => side.PeakServerConnections, "N0");
        yield return Of(
            "database CPU s per 1,000 requests", side => PerThousand(side.DatabaseCpu, side.Requests), "N3");
        string ProxyCpu(TrafficResult side) => Text(PerThousand(side.ProxyCpu, side.Requests), "N3");
        yield return new ReportRow(
            "Freshet CPU s per 1,000 requests", "-", ProxyCpu(pattern.Freshet), "", ProxyCpu(pattern.Cached), "");
        yield return new ReportRow(
            "errors", ErrorsOf(pattern.Direct), ErrorsOf(pattern.Freshet), "", ErrorsOf(pattern.Cached), "");
    }

    private static ReportRow Row(string name, double? direct, double? freshet, double? cached, string format) =>
        new(
            name, Text(direct, format), Text(freshet, format), Change(direct, freshet), Text(cached, format),
            Change(direct, cached));

    /// <summary>Below twice, the percentage says more than the factor.</summary>
    private static string Change(double? direct, double? other) =>
        direct is > 0 && other is > 0
            ? (other.Value / direct.Value) switch
            {
                >= 2 and var factor => $"{factor:N1} ×",
                <= 0.5 and var factor => $"1/{1 / factor:N1}",
                var factor => $"{(factor - 1) * 100:+0;-0;0} %",
            }
            : "";

    private static string Text(double? value, string format) => value?.ToString(format) ?? "-";

    private static double? PerThousand(TimeSpan? cpu, long requests) =>
        cpu is { } used && requests > 0 ? used.TotalSeconds * 1_000 / requests : null;

    private static string ErrorsOf(TrafficResult side) => side.Errors.Count == 0
        ? "0"
        : string.Join(", ", side.Errors.Select(error => $"{error.Value:N0} ({error.Key})"));
}

/// <summary>One line of the table, as text.</summary>
internal sealed record ReportRow(
    string Name, string Direct, string Freshet, string Change, string Cached, string CachedChange);
