using System.Globalization;
using System.Text;

namespace Freshet.Server.Http;

/// <summary>Writes Prometheus' text format 0.0.4. A family is opened once and its samples follow at once, as the format
/// demands; opening it again is a defect and throws.</summary>
internal sealed class ExpositionWriter
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new(16 * 1024);
    private readonly HashSet<string> _families = new(StringComparer.Ordinal);
    private string _family = "";

    public void Counter(string name, string help) => Open(name, "counter", help);

    public void Gauge(string name, string help) => Open(name, "gauge", help);

    public void Histogram(string name, string help) => Open(name, "histogram", help);

    public void Sample(double value, params ReadOnlySpan<(string Name, string Value)> labels) =>
        Write("", labels, null, value);

    /// <summary>One histogram's samples. Prometheus wants cumulative counts and seconds.</summary>
    /// <param name="counts">Per bucket, not cumulative; the last, one more than the bounds, is above all.</param>
    /// <param name="boundsMicroseconds">Upper bounds.</param>
    /// <param name="sumMicroseconds">Sum of all observed times.</param>
    /// <param name="labels">The labels of all samples.</param>
    public void Buckets(
        ReadOnlySpan<long> counts,
        ReadOnlySpan<long> boundsMicroseconds,
        long sumMicroseconds,
        params ReadOnlySpan<(string Name, string Value)> labels
    )
    {
        if (counts.Length != boundsMicroseconds.Length + 1)
        {
            throw new ArgumentException(
                $"{counts.Length} counts do not fit {boundsMicroseconds.Length} bounds",
                nameof(counts)
            );
        }
        var total = 0L;
        for (var i = 0; i < boundsMicroseconds.Length; i++)
        {
            total += counts[i];
            Write("_bucket", labels, Number(boundsMicroseconds[i] / 1e6), total);
        }
        total += counts[^1];
        Write("_bucket", labels, "+Inf", total);
        Write("_sum", labels, null, sumMicroseconds / 1e6);
        Write("_count", labels, null, total);
    }

    public override string ToString() => _text.ToString();

    private void Open(string name, string type, string help)
    {
        if (!_families.Add(name))
            throw new InvalidOperationException($"metric family {name} is written twice");
        _family = name;
        _text.Append("# HELP ").Append(name).Append(' ');
        AppendEscaped(help, quotes: false);
        _text.Append($"\n# TYPE {name} {type}\n");
    }

    private void Write(string suffix, ReadOnlySpan<(string Name, string Value)> labels, string? bound, double value)
    {
        _text.Append(_family).Append(suffix);
        if (labels.Length > 0 || bound is not null)
        {
            _text.Append('{');
            foreach (var (name, text) in labels)
            {
                _text.Append(name).Append("=\"");
                AppendEscaped(text, quotes: true);
                _text.Append("\",");
            }
            if (bound is not null)
                _text.Append("le=\"").Append(bound).Append("\",");
            _text.Length--;
            _text.Append('}');
        }
        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    private void AppendEscaped(string text, bool quotes)
    {
        foreach (var character in text)
        {
            switch (character)
            {
                case '\\':
                    _text.Append(@"\\");
                    break;
                case '"' when quotes:
                    _text.Append("\\\"");
                    break;
                case '\n':
                    _text.Append(@"\n");
                    break;
                default:
                    _text.Append(character);
                    break;
            }
        }
    }

    private static string Number(double value) =>
        value switch
        {
            double.PositiveInfinity => "+Inf",
            double.NegativeInfinity => "-Inf",
            double.NaN => "NaN",
            _ => value.ToString("0.#################", CultureInfo.InvariantCulture),
        };
}
