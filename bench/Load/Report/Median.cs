namespace Freshet.Bench.Load.Report;

internal static class Median
{
    /// <summary>The middle value, the mean of the two middle ones for an even count; null for none.</summary>
    public static double? Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0)
            return null;
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>Nulls are measurements that were not to be had.</summary>
    public static double? Of(IEnumerable<double?> values) => Of(values.OfType<double>());

    /// <summary>Pairs the runs of one round and takes the median of the rounds' ratios: what the machine did to a
    /// round it did to both.</summary>
    public static double? OfRatios(IEnumerable<(double? Mine, double? Theirs)> pairs) =>
        Of(pairs.Where(pair => pair.Theirs is > 0).Select(pair => pair.Mine / pair.Theirs));
}
