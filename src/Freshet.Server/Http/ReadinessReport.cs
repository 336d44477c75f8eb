using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Freshet.Server.Feed;
using Freshet.Server.Health;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Http;

/// <summary>Whether clients should be sent here, and why not. A server that is down does not make the proxy unready:
/// all replicas of the proxy would leave the balancer at once, and clients would lose the error that says what is
/// wrong.</summary>
internal sealed record ReadinessReport(ImmutableArray<ReadinessCheck> Checks)
{
    public bool IsReady => Checks.All(check => check.Passed || !check.IsCritical);

    public static ReadinessReport Make(
        Readiness readiness,
        ProxyStatistics? statistics,
        IEnumerable<DatabaseFeedStatus> feeds
    )
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
                .. feeds.Select(feed => OfFeed(feed, statistics)),
            ]
        );
    }

    /// <summary>A feed that cannot run costs speed or freshness, no answers.</summary>
    private static ReadinessCheck OfFeed(DatabaseFeedStatus feed, ProxyStatistics? statistics)
    {
        var mode = statistics?.Caches.FirstOrDefault(feed.Feeds)?.EffectiveMode;
        var detail = feed.Status.State == FeedState.Live
            ? $"{mode}: {feed.Status.TrackedTables} tables of {feed.Target}/{feed.Database} are followed"
            : $"{mode}: the feed is {feed.Status.State.ToString().ToLowerInvariant()}: {feed.Status.Reason}";
        return new($"cache {feed.Database}", feed.Status.State == FeedState.Live, detail) { IsCritical = false };
    }

    public JsonObject ToJson(bool verbose)
    {
        var json = new JsonObject { ["status"] = IsReady ? "ready" : "unready" };
        if (!IsReady)
            json["reason"] = Checks.First(check => check is { Passed: false, IsCritical: true }).Detail;
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

internal sealed record ReadinessCheck(string Name, bool Passed, string Detail)
{
    /// <summary>False: it is told, and clients are still to be sent here.</summary>
    public bool IsCritical { get; init; } = true;
}
