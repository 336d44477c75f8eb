using System.Globalization;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>What a Prometheus histogram says of the time between two pages.</summary>
internal static class HistogramQuantile
{
    /// <returns>The upper bound of the bucket that holds the quantile; infinity beyond the last one; null when there is
    /// no such histogram or nothing was counted.</returns>
    public static double? Of(MetricsPage first, MetricsPage last, string buckets, double share)
    {
        var before = first.SumsBy(buckets, "le");
        var growth = last.SumsBy(buckets, "le")
            .Select(bucket => (UpTo: Bound(bucket.Key), Count: bucket.Value - before.GetValueOrDefault(bucket.Key)))
            .OrderBy(bucket => bucket.UpTo)
            .ToList();
        if (growth.Count == 0 || growth[^1].Count <= 0)
            return null;
        var rank = share * growth[^1].Count;
        return growth.First(bucket => bucket.Count >= rank).UpTo;
    }

    private static double Bound(string text) => text is "+Inf"
        ? double.PositiveInfinity
        : double.Parse(text, CultureInfo.InvariantCulture);
}
