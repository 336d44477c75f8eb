using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>How large a part of the cacheable requests came from a cache between two moments.</summary>
internal static class HitShare
{
    private const string Requests = "freshet_cache_requests_total";

    /// <summary>What Freshet says of statements that can never be cached; all else could have been a hit.</summary>
    private static readonly HashSet<string> NeverCacheable = new(StringComparer.Ordinal)
    {
        "uncacheable", "volatile", "notaquery", "multiplestatements", "parseerror", "oversizedquery",
    };

    /// <summary>Of Freshet's metrics; null when it counts nothing of the kind, as with the cache off. 0 when nothing
    /// was taken for cacheable.</summary>
    public static double? Between(MetricsPage first, MetricsPage last)
    {
        var after = last.SumsBy(Requests, "result");
        if (after.Count == 0)
            return null;
        var before = first.SumsBy(Requests, "result");
        double Growth(string result) => after.GetValueOrDefault(result) - before.GetValueOrDefault(result);
        var cacheable = after.Keys.Where(result => !NeverCacheable.Contains(result)).Sum(Growth);
        return cacheable > 0 ? Growth("hit") / cacheable : 0;
    }
}
