using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Http;

/// <summary>Whether clients should be sent here, and why not. A server that is down does not make the proxy unready:
/// all replicas of the proxy would leave the balancer at once, and clients would lose the error that says what is
/// wrong.</summary>
internal sealed record ReadinessReport(ImmutableArray<ReadinessCheck> Checks)
{
    public bool IsReady => Checks.All(check => check.Passed);

    public static ReadinessReport Make(Readiness readiness, ProxyStatistics? statistics)
    {
        var started = readiness != Readiness.Starting && statistics is not null;
        var draining = readiness == Readiness.Draining || statistics is { Draining: true };
        return new(
            [
                new("started", started, started ? "the proxy listens" : "the proxy is starting"),
                new("accepting", !draining, draining ? "the proxy is draining" : "new clients are accepted"),
                new(
                    "loops",
                    statistics is { Loops: > 0 },
                    $"{statistics?.Loops ?? 0} event loops, {statistics?.Clients ?? 0} clients"
                ),
            ]
        );
    }

    public JsonObject ToJson(bool verbose)
    {
        var json = new JsonObject { ["status"] = IsReady ? "ready" : "unready" };
        if (!IsReady)
            json["reason"] = Checks.First(check => !check.Passed).Detail;
        if (verbose)
        {
            json["checks"] = new JsonArray(
                [
                    .. Checks.Select(check =>
                        (JsonNode)
                            new JsonObject
                            {
                                ["name"] = check.Name,
                                ["passed"] = check.Passed,
                                ["detail"] = check.Detail,
                            }
                    ),
                ]
            );
        }
        return json;
    }
}

internal sealed record ReadinessCheck(string Name, bool Passed, string Detail);
