using System.Globalization;
using System.Text;
using Xunit;

namespace Freshet.Tests.Unit.Http;

/// <summary>A small strict reader of Prometheus' text format, to read back what was written.</summary>
internal sealed class Exposition
{
    public Dictionary<string, string> Types { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, double> Samples { get; } = new(StringComparer.Ordinal);

    public static Exposition Parse(string text)
    {
        var result = new Exposition();
        var family = "";
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        foreach (var line in text.Split('\n')[..^1])
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
                family = line.Split(' ')[2];
            else if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var words = line.Split(' ');
                Assert.Equal(family, words[2]);
                result.Types.Add(family, words[3]);
            }
            else
                result.AddSample(line, family);
        }
        return result;
    }

    private void AddSample(string line, string family)
    {
        var position = line.IndexOfAny(['{', ' ']);
        var name = line[..position];
        var suffixes = Types[family] is "histogram" ? new[] { "_bucket", "_sum", "_count" } : [""];
        Assert.Contains(name, suffixes.Select(suffix => family + suffix));
        var labels = new List<string>();
        if (line[position] == '{')
        {
            position++;
            while (line[position] != '}')
            {
                var equals = line.IndexOf('=', position);
                var label = line[position..equals];
                Assert.Equal('"', line[equals + 1]);
                position = equals + 2;
                var value = new StringBuilder();
                for (; line[position] != '"'; position++)
                {
                    if (line[position] == '\\')
                        value.Append(line[++position] switch { 'n' => '\n', '\\' => '\\', '"' => '"', _ => '?' });
                    else
                        value.Append(line[position]);
                }
                labels.Add($"{label}={value}");
                position++;
                if (line[position] == ',')
                    position++;
            }
            position++;
        }
        Assert.Equal(' ', line[position]);
        var number = line[(position + 1)..] is "+Inf"
            ? double.PositiveInfinity
            : double.Parse(line[(position + 1)..], CultureInfo.InvariantCulture);
        // Adding throws for a series that is there already.
        Samples.Add($"{name}{{{string.Join(',', labels)}}}", number);
    }
}
