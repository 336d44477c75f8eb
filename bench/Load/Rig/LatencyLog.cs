using System.Globalization;

namespace Freshet.Bench.Load.Rig;

/// <summary>pgbench's log of single transactions: <c>client transaction time-in-µs script epoch-second µs</c>. The
/// first second is warm-up and left out.</summary>
internal sealed class LatencyLog
{
    private readonly double[] sorted;

    private LatencyLog(double[] sorted) => this.sorted = sorted;

    public int Count => sorted.Length;

    /// <summary>All scripts as one.</summary>
    /// <param name="prefix">pgbench appends its process id, and a thread number for all threads but the first.</param>
    public static LatencyLog ReadAndDelete(string folder, string prefix) =>
        new([.. Entries(folder, prefix).Select(entry => entry.Latency).Order()]);

    /// <summary>A log for each of pgbench's <c>-f</c> scripts, in their order.</summary>
    public static IReadOnlyList<LatencyLog> ReadAndDelete(string folder, string prefix, int scripts)
    {
        var byScript = Entries(folder, prefix).ToLookup(entry => entry.Script, entry => entry.Latency);
        return [.. Enumerable.Range(0, scripts).Select(script => new LatencyLog([.. byScript[script].Order()]))];
    }

    /// <summary>Nearest rank; null when the log is empty.</summary>
    public double? Percentile(double share) =>
        sorted.Length == 0 ? null : sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];

    private static List<(int Script, double Latency)> Entries(string folder, string prefix)
    {
        var entries = new List<(double At, int Script, double Latency)>();
        foreach (var file in Directory.GetFiles(folder, prefix + ".*"))
        {
            foreach (var line in File.ReadLines(file))
            {
                var fields = line.Split(' ');
                // 'failed' and 'skipped' stand where the time should be.
                if (fields.Length >= 6 && TryParse(fields[2], out var latency) && TryParse(fields[3], out var script)
                    && TryParse(fields[4], out var second) && TryParse(fields[5], out var microsecond))
                    entries.Add((second + microsecond / 1e6, (int)script, latency));
            }

            File.Delete(file);
        }

        var start = entries.Count == 0 ? 0 : entries.Min(entry => entry.At) + 1;
        return [.. entries.Where(entry => entry.At >= start).Select(entry => (entry.Script, entry.Latency))];
    }

    private static bool TryParse(string text, out double value) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out value);
}
