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
            table.AddColumn(new TableColumn("Freshet").RightAligned());
            table.AddColumn(new TableColumn("change").RightAligned());
            foreach (var row in RowsOf(pattern))
                table.AddRow(row.Name, row.Direct, row.Freshet, row.Change);
            console.Write(table);
        }
        console.WriteLine(
            $"PostgreSQL {report.PostgresVersion}, max_connections {report.MaxConnections}, {report.Rows:N0} rows "
            + $"loaded in {report.LoadSeconds:N1} s, "
            + $"{report.Cores} cores shared by server, Freshet and clients; pool size {report.PoolSize}; "
            + $"{report.Rounds} {(report.Rounds == 1 ? "round" : "alternating rounds")} with the same requests.");
    }

    internal static string TitleOf(PatternReport pattern) => pattern.Pattern == TrafficPattern.ConnectPerVisit
        ? $"{pattern.Clients} web workers, a connection per visit of 3 to 8 requests"
        : $"{pattern.Clients} web workers, each keeps its connection";

    internal static IEnumerable<ReportRow> RowsOf(PatternReport pattern)
    {
        var (direct, freshet) = (pattern.Direct, pattern.Freshet);
        yield return Row("requests per second", direct.RequestsPerSecond, freshet.RequestsPerSecond, "N0");
        foreach (var percent in (int[])[50, 95, 99])
        {
            yield return Row(
                $"request p{percent}, ms",
                TrafficResult.Percentile(direct.RequestMicroseconds, percent),
                TrafficResult.Percentile(freshet.RequestMicroseconds, percent),
                "N2");
        }
        if (pattern.Pattern == TrafficPattern.ConnectPerVisit)
        {
            yield return Row(
                "visit p50 (connect + requests), ms",
                TrafficResult.Percentile(direct.VisitMicroseconds, 50),
                TrafficResult.Percentile(freshet.VisitMicroseconds, 50),
                "N2");
        }
        foreach (var percent in (int[])[50, 99])
        {
            yield return Row(
                $"connect p{percent}, ms",
                TrafficResult.Percentile(direct.ConnectMicroseconds, percent),
                TrafficResult.Percentile(freshet.ConnectMicroseconds, percent),
                "N2");
        }
        yield return Row(
            "server connections, peak", direct.PeakServerConnections, freshet.PeakServerConnections, "N0");
        yield return Row(
            "database CPU s per 1,000 requests",
            PerThousand(direct.DatabaseCpu, direct.Requests),
            PerThousand(freshet.DatabaseCpu, freshet.Requests),
            "N3");
        yield return new ReportRow(
            "Freshet CPU s per 1,000 requests",
            "-",
            Text(PerThousand(freshet.ProxyCpu, freshet.Requests), "N3"),
            "");
        yield return new ReportRow("errors", ErrorsOf(direct), ErrorsOf(freshet), "");
    }

    private static ReportRow Row(string name, double? direct, double? freshet, string format)
    {
        // Below twice, the percentage says more than the factor.
        var change = direct is > 0 && freshet is > 0
            ? (freshet.Value / direct.Value) switch
            {
                >= 2 and var factor => $"{factor:N1} ×",
                <= 0.5 and var factor => $"1/{1 / factor:N1}",
                var factor => $"{(factor - 1) * 100:+0;-0;0} %",
            }
            : "";
        return new ReportRow(name, Text(direct, format), Text(freshet, format), change);
    }

    private static string Text(double? value, string format) => value?.ToString(format) ?? "-";

    private static double? PerThousand(TimeSpan? cpu, long requests) =>
        cpu is { } used && requests > 0 ? used.TotalSeconds * 1_000 / requests : null;

    private static string ErrorsOf(TrafficResult side) => side.Errors.Count == 0
        ? "0"
        : string.Join(", ", side.Errors.Select(error => $"{error.Value:N0} ({error.Key})"));
}

/// <summary>One line of the table, as text.</summary>
internal sealed record ReportRow(string Name, string Direct, string Freshet, string Change);
