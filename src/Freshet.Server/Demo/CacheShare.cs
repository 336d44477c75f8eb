using System.Globalization;

namespace Freshet.Server.Demo;

/// <summary>What the cache did in the whole demo, from the proxy's metrics.</summary>
/// <param name="Hits">Requests answered from it.</param>
/// <param name="Requests">All requests.</param>
/// <param name="SavedSeconds">Database time that the hits saved.</param>
internal sealed record CacheShare(long Hits, long Requests, double SavedSeconds)
{
    public double HitShare => Requests > 0 ? (double)Hits / Requests : 0;

    /// <param name="metrics">Prometheus' text.</param>
    public static CacheShare Read(string metrics)
    {
        double hits = 0, requests = 0, saved = 0;
        foreach (var line in metrics.Split('\n'))
        {
            var value = line.StartsWith("freshet_cache_", StringComparison.Ordinal)
                ? double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture)
                : 0;
            if (line.StartsWith("freshet_cache_requests_total{", StringComparison.Ordinal))
            {
                requests += value;
                hits += line.Contains("result=\"hit\"", StringComparison.Ordinal) ? value : 0;
            }
            else if (line.StartsWith("freshet_cache_saved_seconds_total{", StringComparison.Ordinal))
                saved += value;
        }
        return new CacheShare((long)hits, (long)requests, saved);
    }
}
