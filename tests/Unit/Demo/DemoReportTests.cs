using System.Text.Json.Nodes;
using Freshet.Server.Demo;
using Freshet.Server.Demo.Report;
using Freshet.Server.Demo.Traffic;
using Spectre.Console;
using Xunit;

namespace Freshet.Tests.Unit.Demo;

public sealed class DemoReportTests
{
    [Fact]
    public void Json_has_the_promised_keys()
    {
        var json = JsonNode.Parse(DemoJson.Write(Report()))!.AsObject();
        Assert.Equal(
            "format freshet_version postgres_version cores rows load_seconds pool_size max_connections rounds patterns "
            + "cache live_write",
            KeysOf(json));
        var pattern = json["patterns"]![0]!.AsObject();
        Assert.Equal("pattern clients direct freshet cached", KeysOf(pattern));
        Assert.Equal(
            "seconds requests requests_per_second request_ms visit_ms connects connect_ms peak_server_connections "
            + "database_cpu_seconds_per_1000_requests proxy_cpu_seconds_per_1000_requests errors errors_by_sqlstate",
            KeysOf(pattern["direct"]!.AsObject()));
    }

    [Fact]
    public void Json_tells_the_numbers()
    {
        var pattern = JsonNode.Parse(DemoJson.Write(Report()))!["patterns"]![0]!;
        Assert.Equal("connect_per_visit", (string?)pattern["pattern"]);
        Assert.Equal(50.0, (double?)pattern["direct"]!["requests_per_second"]);
        Assert.Equal(3.0, (double?)pattern["direct"]!["request_ms"]!["p50"]);
        Assert.Equal(20.0, (double?)pattern["direct"]!["database_cpu_seconds_per_1000_requests"]);
        Assert.Null(pattern["direct"]!["proxy_cpu_seconds_per_1000_requests"]);
        Assert.Equal(2.5, (double?)pattern["freshet"]!["proxy_cpu_seconds_per_1000_requests"]);
        Assert.Equal(7, (int?)pattern["direct"]!["errors_by_sqlstate"]!["53300"]);
        Assert.Null((double?)pattern["direct"]!["visit_ms"]!["p99"]);
    }

    [Fact]
    public void Table_sets_before_and_after_side_by_side()
    {
        var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
        });
        DemoTable.Write(Report(), console);
        var lines = output.ToString().Split('\n').Select(Words).ToArray();
        Assert.Contains("requests per second 50 200 4.0 × 200 4.0 ×", lines, StringComparer.Ordinal);
        Assert.Contains("request p50, ms 3.00 3.00 0 % 3.00 0 %", lines, StringComparer.Ordinal);
        Assert.Contains("server connections, peak 99 20 1/5.0 20 1/5.0", lines, StringComparer.Ordinal);
        Assert.Contains("errors 7 (53300) 0 0", lines, StringComparer.Ordinal);
        Assert.Contains("75", output.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "3.3 ms later it said 2", Words(output.ToString().ReplaceLineEndings(" ")), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output.ToString());
    }

    [Fact]
    public void Table_shows_a_small_change_as_a_percentage()
    {
        var direct = new TrafficResult { Seconds = 1, Requests = 100 };
        var freshet = new TrafficResult { Seconds = 1, Requests = 90 };
        var rows = DemoTable.RowsOf(new PatternReport(TrafficPattern.Persistent, 1, direct, freshet, freshet));
        Assert.Equal("-10 %", rows.First().Change);
    }

    [Fact]
    public void Percentiles_are_the_nearest_rank()
    {
        List<int> times = [.. Enumerable.Range(1, 100).Select(millisecond => millisecond * 1_000).Reverse()];
        Assert.Equal(50, TrafficResult.Percentile(times, 50));
        Assert.Equal(99, TrafficResult.Percentile(times, 99));
        Assert.Null(TrafficResult.Percentile([], 50));
    }

    private static string KeysOf(JsonObject json) => string.Join(' ', json.Select(member => member.Key));

    private static string Words(string line) => string.Join(
        ' ', line.Split((char[])[' ', '│', '\r'], StringSplitOptions.RemoveEmptyEntries));

    private static DemoReport Report()
    {
        var direct = new TrafficResult
        {
            Seconds = 10,
            Requests = 500,
            PeakServerConnections = 99,
            DatabaseCpu = TimeSpan.FromSeconds(10),
        };
        direct.RequestMicroseconds.AddRange([1_000, 3_000, 9_000]);
        direct.Errors["53300"] = 7;
        var freshet = new TrafficResult
        {
            Seconds = 10,
            Requests = 2_000,
            PeakServerConnections = 20,
            DatabaseCpu = TimeSpan.FromSeconds(10),
            ProxyCpu = TimeSpan.FromSeconds(5),
        };
        freshet.RequestMicroseconds.AddRange([2_000, 3_000, 4_000]);
        return new DemoReport
        {
            FreshetVersion = "0.1.0",
            PostgresVersion = "15.18",
            Rows = 1,
            LoadSeconds = 1.5,
            PoolSize = 20,
            MaxConnections = 120,
            Rounds = 1,
            Cores = 2,
            Patterns = [new PatternReport(TrafficPattern.ConnectPerVisit, 200, direct, freshet, freshet)],
            Cache = new CacheShare(30, 40, 1.5),
            LiveWrite = new LiveWrite(1, 2, 3.25),
        };
    }
}
