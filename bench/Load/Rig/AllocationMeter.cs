namespace Freshet.Bench.Load.Rig;

/// <summary>Reads how many bytes a process has allocated since its start from its Prometheus page, and knows what one
/// such reading allocates itself, so that a difference of two readings can be freed of it.</summary>
internal sealed class AllocationMeter(HttpClient http, Uri metrics)
{
    public const string MetricName = "dotnet_gc_allocated_bytes_total";

    /// <summary>Bytes that one reading adds.</summary>
    private double readingCost;

    /// <summary>Null when the process does not answer with a page.</summary>
    public Task<MetricsPage?> ReadAsync(CancellationToken cancellationToken) =>
        MetricsPage.ReadAsync(http, metrics, cancellationToken);

    /// <summary>To be called while the process has nothing else to do.</summary>
    public async Task CalibrateAsync(CancellationToken cancellationToken)
    {
        // The first readings open the connection and compile the page's code.
        for (var warmUp = 0; warmUp < 3; warmUp++)
            await ReadAsync(cancellationToken);
        var first = await ReadAsync(cancellationToken);
        var second = await ReadAsync(cancellationToken);
        readingCost = second?.Sum(MetricName) - first?.Sum(MetricName) ?? 0;
    }

    /// <summary>Bytes between two readings; null when the pages do not hold the metric.</summary>
    public double? Between(MetricsPage first, MetricsPage second) =>
        second.Sum(MetricName) - first.Sum(MetricName) - readingCost is { } bytes ? Math.Max(0, bytes) : null;
}
