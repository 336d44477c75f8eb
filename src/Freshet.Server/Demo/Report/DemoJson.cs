using System.Text.Json;
using System.Text.Json.Nodes;
using Freshet.Server.Demo.Traffic;

namespace Freshet.Server.Demo.Report;

/// <summary>The report for programs. The keys are promised in docs/demo.md: they are added to, never renamed.</summary>
internal static class DemoJson
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static string Write(DemoReport report) => new JsonObject
    {
        ["format"] = 1,
        ["freshet_version"] = report.FreshetVersion,
        ["postgres_version"] = report.PostgresVersion,
        ["cores"] = report.Cores,
        ["rows"] = report.Rows,
        ["load_seconds"] = Round(report.LoadSeconds),
        ["pool_size"] = report.PoolSize,
        ["max_connections"] = report.MaxConnections,
        ["rounds"] = report.Rounds,
        ["patterns"] = new JsonArray([.. report.Patterns.Select(pattern => (JsonNode)new JsonObject
        {
            ["pattern"] = NameOf(pattern.Pattern),
            ["clients"] = pattern.Clients,
            ["direct"] = Side(pattern.Direct),
            ["freshet"] = Side(pattern.Freshet),
            ["cached"] = Side(pattern.Cached),
        })]),
        ["cache"] = new JsonObject
        {
            ["hits"] = report.Cache.Hits,
            ["requests"] = report.Cache.Requests,
            ["hit_share"] = Round(report.Cache.HitShare),
            ["saved_database_seconds"] = Round(report.Cache.SavedSeconds),
        },
        ["live_write"] = new JsonObject
        {
            ["before"] = report.LiveWrite.Before,
            ["after"] = report.LiveWrite.After,
            ["seen_after_ms"] = Round(report.LiveWrite.Milliseconds),
        },
    }.ToJsonString(Indented);

    private static JsonObject Side(TrafficResult side) => new()
    {
        ["seconds"] = Round(side.Seconds),
        ["requests"] = side.Requests,
        ["requests_per_second"] = Round(side.RequestsPerSecond),
        ["request_ms"] = Percentiles(side.RequestMicroseconds),
        ["visit_ms"] = Percentiles(side.VisitMicroseconds),
        ["connects"] = side.ConnectMicroseconds.Count,
        ["connect_ms"] = Percentiles(side.ConnectMicroseconds),
        ["peak_server_connections"] = side.PeakServerConnections,
        ["database_cpu_seconds_per_1000_requests"] = PerThousand(side.DatabaseCpu, side.Requests),
        ["proxy_cpu_seconds_per_1000_requests"] = PerThousand(side.ProxyCpu, side.Requests),
        ["errors"] = side.Errors.Values.Sum(),
        ["errors_by_sqlstate"] = new JsonObject(
            side.Errors.Select(error => KeyValuePair.Create(error.Key, (JsonNode?)error.Value))),
    };

    private static JsonObject Percentiles(List<int> microseconds) => new()
    {
        ["p50"] = TrafficResult.Percentile(microseconds, 50),
        ["p95"] = TrafficResult.Percentile(microseconds, 95),
        ["p99"] = TrafficResult.Percentile(microseconds, 99),
    };

    private static double? PerThousand(TimeSpan? cpu, long requests) =>
        cpu is { } used && requests > 0 ? Round(used.TotalSeconds * 1_000 / requests) : null;

    private static double Round(double value) => Math.Round(value, 4);

    private static string NameOf(TrafficPattern pattern) => pattern switch
    {
        TrafficPattern.ConnectPerVisit => "connect_per_visit",
        TrafficPattern.Persistent => "persistent",
        TrafficPattern.Popular => "popular",
        _ => throw new ArgumentOutOfRangeException(nameof(pattern), pattern, message: null),
    };
}
