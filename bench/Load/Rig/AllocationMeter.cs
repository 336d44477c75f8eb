using System.Globalization;

namespace Freshet.Bench.Load.Rig;

/// <summary>Reads how many bytes a process has allocated since its start from its Prometheus page, and knows what one
/// such reading allocates itself, so that a difference of two readings can be freed of it.</summary>
internal sealed class AllocationMeter(HttpClient http, Uri metrics)
{
    public const string MetricName = "dotnet_gc_allocated_bytes_total";

    /// <summary>Bytes that one reading adds.</summary>
    private double readingCost;

    /// <summary>Null when the page does not hold the metric.</summary>
    public async Task<double?> ReadAsync(CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(metrics, cancellationToken);
        if (!response.IsSuccessStatusCode)
            return null;
        var page = await response.Content.ReadAsStringAsync(cancellationToken);
        foreach (var line in page.Split('\n'))
        {
            if (line.StartsWith(MetricName, StringComparison.Ordinal)
                && double.TryParse(
                    line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture, out var value))
                return value;
        }

        return null;
    }

    /// <summary>To be called while the process has nothing else to do.</summary>
    public async Task CalibrateAsync(CancellationToken cancellationToken)
    {
        // The first readings open the connection and compile the page's code.
        for (var warmUp = 0; warmUp < 3; warmUp++)
            await ReadAsync(cancellationToken);
        var first = await ReadAsync(cancellationToken);
        var second = await ReadAsync(cancellationToken);
        readingCost = second - first ?? 0;
    }

    public double Between(double first, double second) => Math.Max(0, second - first - readingCost);
}
