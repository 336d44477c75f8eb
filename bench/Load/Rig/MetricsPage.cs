using System.Globalization;

namespace Freshet.Bench.Load.Rig;

/// <summary>What a process told on its Prometheus page at one moment.</summary>
internal sealed class MetricsPage
{
    private readonly List<(string Name, string Labels, double Value)> samples = [];

    private MetricsPage() { }

    /// <summary>Null when the process does not answer with a page.</summary>
    public static async Task<MetricsPage?> ReadAsync(HttpClient http, Uri metrics, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(metrics, cancellationToken);
        return response.IsSuccessStatusCode
            ? Parse(await response.Content.ReadAsStringAsync(cancellationToken))
            : null;
    }

    public static MetricsPage Parse(string text)
    {
        var page = new MetricsPage();
        foreach (var line in text.Split('\n'))
        {
            var end = line.LastIndexOf(' ');
            if (end < 0 || line[0] == '#'
                || !double.TryParse(line.AsSpan(end + 1), CultureInfo.InvariantCulture, out var value))
                continue;
            var brace = line.IndexOf('{', StringComparison.Ordinal);
            page.samples.Add(brace < 0 ? (line[..end], "", value) : (line[..brace], line[brace..end], value));
        }

        return page;
    }

    /// <summary>Of all samples of a metric, or of those with a label (<c>result="hit"</c>); null when it has none.
    /// </summary>
    public double? Sum(string name, string label = "")
    {
        var found = Of(name).Where(sample => sample.Labels.Contains(label, StringComparison.Ordinal)).ToList();
        return found.Count > 0 ? found.Sum(sample => sample.Value) : null;
    }

    /// <summary>The value of each of a label's values, summed over the other labels.</summary>
    public IReadOnlyDictionary<string, double> SumsBy(string name, string label) => Of(name)
        .GroupBy(sample => ValueOf(sample.Labels, label), sample => sample.Value, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.Sum(), StringComparer.Ordinal);

    private static string ValueOf(string labels, string label)
    {
        var start = labels.IndexOf(label + "=\"", StringComparison.Ordinal);
        if (start < 0)
            return "";
        start += label.Length + 2;
        return labels[start..labels.IndexOf('"', start)];
    }

    private IEnumerable<(string Name, string Labels, double Value)> Of(string name) =>
        samples.Where(sample => string.Equals(sample.Name, name, StringComparison.Ordinal));
}
