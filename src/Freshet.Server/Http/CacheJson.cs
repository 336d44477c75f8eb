using System.Text.Json.Nodes;
using Freshet.Server.Feed;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Http;

/// <summary>The cache's state and its explanations as JSON. Times are seconds.</summary>
internal static class CacheJson
{
    public static JsonObject Of(ProxyStatistics? statistics, IEnumerable<DatabaseFeedStatus> feeds)
    {
        DatabaseFeedStatus[] known = [.. feeds];
        return new()
        {
            ["entries"] = statistics?.CacheEntries ?? 0,
            ["bytes"] = statistics?.CacheBytes ?? 0,
            ["maxBytes"] = statistics?.CacheMaxBytes ?? 0,
            ["evictions"] = statistics?.CacheEvictions ?? 0,
            ["databases"] = Array(
                (statistics?.Caches ?? []).Select(cache => Of(cache, known.FirstOrDefault(feed => feed.Feeds(cache))))),
        };
    }

    public static JsonObject Of(CacheExplanation told) =>
        new()
        {
            ["database"] = told.Database,
            ["user"] = told.User,
            ["cacheable"] = told.IsCacheable,
            ["reason"] = told.Detail,
            ["countedAs"] = told.CountedAs.ToString().ToLowerInvariant(),
            ["mode"] = new JsonObject
            {
                ["wanted"] = told.ModeWanted.ToString().ToLowerInvariant(),
                ["inForce"] = told.ModeInForce.ToString().ToLowerInvariant(),
                ["note"] = told.ModeNote,
            },
            ["fingerprint"] = told.Fingerprint,
            ["normalized"] = told.Normalized,
            ["tables"] = Array(told.Tables.Select(OfTable)),
            ["key"] = Array(told.KeySettings.Select(setting =>
                new JsonObject { ["name"] = setting.Name, ["value"] = setting.Value })),
            ["policy"] = OfPolicy(told),
            ["statements"] = told.Statements,
            ["hits"] = told.Hits,
            ["misses"] = told.Misses,
            ["results"] = told.Results,
            ["newestAge"] = told.NewestAge?.TotalSeconds,
            ["storedAgo"] = told.StoredAgo?.TotalSeconds,
            ["lastInvalidation"] = told.InvalidatedBy is null
                ? null
                : new JsonObject { ["cause"] = told.InvalidatedBy, ["ago"] = told.InvalidatedAgo.TotalSeconds },
            ["lastChange"] = told.LastChanged is { } table ? OfTable(table) : null,
            ["distrusted"] = told.IsDistrusted,
            // For people, as SQL's explain shows it.
            ["lines"] = Array(told.Lines().Select(line => new JsonArray(line.Item, line.Value))),
        };

    private static JsonObject Of(CacheStatistics cache, DatabaseFeedStatus? feed) =>
        new()
        {
            ["database"] = cache.Database,
            ["mode"] = cache.Mode,
            ["modeInForce"] = cache.EffectiveMode,
            ["feed"] = feed is null
                ? null
                : new JsonObject
                {
                    ["server"] = feed.Target,
                    ["state"] = feed.Status.State.ToString().ToLowerInvariant(),
                    ["reason"] = feed.Status.Reason,
                    ["tables"] = feed.Status.TrackedTables,
                    ["staleness"] = feed.Status.SecondsSinceCaughtUp,
                },
            ["statements"] = cache.Statements,
            ["stored"] = cache.Stored,
            ["saved"] = cache.SavedMicroseconds / 1e6,
            ["requests"] = Counts(cache.Requests),
            ["dropped"] = Counts(cache.Dropped),
            ["invalidations"] = Counts(cache.Invalidations),
        };

    private static JsonObject OfTable(ExplainedTable table) =>
        new()
        {
            ["name"] = table.Name,
            ["byKey"] = table.KeyColumn,
            ["untracked"] = table.Untracked,
            ["version"] = table.Version.ToString(),
            ["changedAgo"] = table.ChangedAgo?.TotalSeconds,
        };

    private static JsonObject OfPolicy(CacheExplanation told) =>
        new()
        {
            ["origin"] = told.Policy.Origin,
            ["maxAge"] = told.Policy.MaxAge.TotalSeconds,
            ["staleWhileRevalidate"] = told.Policy.StaleWhileRevalidate.TotalSeconds,
            ["staleIfError"] = told.Policy.StaleIfError.TotalSeconds,
            ["refreshAhead"] = told.Policy.RefreshAhead.TotalSeconds,
            ["profile"] = told.Policy.Profile,
            ["key"] = told.Policy.Key,
            ["tags"] = Array(told.Policy.Tags.Select(tag => (JsonNode)tag)),
            ["hintErrors"] = Array(told.HintErrors.Select(error => (JsonNode)error)),
        };

    private static JsonArray Array(IEnumerable<JsonNode> items) => [.. items];

    private static JsonObject Counts(IEnumerable<(string Name, long Count)> counts) =>
        new(counts.Select(pair => KeyValuePair.Create(pair.Name, (JsonNode?)pair.Count)));
}
