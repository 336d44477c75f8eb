using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Freshet.Server.Health;

/// <summary>One thing that was looked at.</summary>
/// <param name="Name">The key in the report: <c>connectivity</c>.</param>
/// <param name="Status">How it is.</param>
/// <param name="Message">A sentence for people, without secrets.</param>
internal sealed record HealthCheck(string Name, CheckStatus Status, string Message);

/// <summary>Numbers of the window since the last report.</summary>
internal sealed record HealthMetrics
{
    /// <summary>Of the slowest server that answered, to a connection and one request; null: none did.</summary>
    public TimeSpan? ResponseTime { get; init; }

    /// <summary>Open server connections.</summary>
    public int ConnectionCount { get; init; }

    /// <summary>Mean time at the server of the window's queries; null: there were none.</summary>
    public TimeSpan? AverageQueryTime { get; init; }

    /// <summary>Errors of servers for each query, 0 to 1; null: there were no queries.</summary>
    public double? ErrorRate { get; init; }
}

/// <summary>What was found at one time.</summary>
/// <param name="Status">Of the whole.</param>
/// <param name="At">When it was looked at.</param>
/// <param name="Checks">One by one.</param>
/// <param name="Metrics">The numbers.</param>
internal sealed record HealthReport(
    HealthStatus Status, DateTimeOffset At, ImmutableArray<HealthCheck> Checks, HealthMetrics Metrics)
{
    /// <summary>Times are milliseconds.</summary>
    public JsonObject ToJson() =>
        new()
        {
            ["status"] = Name(Status),
            ["timestamp"] = At.ToString("O"),
            ["checks"] = new JsonObject(Checks.Select(check => KeyValuePair.Create<string, JsonNode?>(
                check.Name, new JsonObject { ["status"] = Name(check.Status), ["message"] = check.Message }))),
            ["metrics"] = new JsonObject
            {
                ["responseTime"] = Milliseconds(Metrics.ResponseTime),
                ["connectionCount"] = Metrics.ConnectionCount,
                ["avgQueryTime"] = Milliseconds(Metrics.AverageQueryTime),
                ["errorRate"] = Metrics.ErrorRate is { } rate ? Math.Round(rate, 4) : null,
            },
        };

    private static string Name(Enum value) => value.ToString().ToLowerInvariant();

    private static double? Milliseconds(TimeSpan? time) =>
        time is { } known ? Math.Round(known.TotalMilliseconds, 3) : null;
}
