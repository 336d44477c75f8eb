using System.Globalization;

namespace Freshet.Bench.Load.Pooling;

/// <summary>pgbench's log of single transactions: <c>client transaction time-in-µs script epoch-second µs</c>. The
/// first second is warm-up and left out.</summary>
internal sealed class LatencyLog
{
    private readonly double[] sorted;

    private LatencyLog(double[] sorted) => this.sorted = sorted;

    public int Count => sorted.Length;

    /// <param name="prefix">pgbench appends its process id, and a thread number for all threads but the first.</param>
    public static LatencyLog ReadAndDelete(string folder, string prefix)
    {
        var entries = new List<(double At, double Latency)>();
        foreach (var file in Directory.GetFiles(folder, prefix + ".*"))
        {
            foreach (var line in File.ReadLines(file))
            {
                var fields = line.Split(' ');
                // 'failed' and 'skipped' stand where the time should be.
                if (fields.Length >= 6 && TryParse(fields[2], out var latency)
                    && TryParse(fields[4], out var second) && TryParse(fields[5], out var microsecond))
                    entries.Add((second + microsecond / 1e6, latency));
            }

            File.Delete(file);
        }

        var start = entries.Count == 0 ? 0 : entries.Min(entry => entry.At) + 1;
        return new LatencyLog(
            entries.Where(entry => entry.At >= start).Select(entry => entry.Latency).Order().ToArray());
    }

    /// <summary>Nearest rank; null when the log is empty.</summary>
    public double? Percentile(double share) =>
        sorted.Length == 0 ? null : sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];

    private static bool TryParse(string text, out double value) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out value);
}
