using Xunit;

namespace Freshet.Tests.Integration.Wire;

/// <summary>What came back, one line for each message, comparable between two runs of a scenario.</summary>
internal sealed class Transcript
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines => _lines;

    public void Note(string client, string line) => _lines.Add(client.Length is 0 ? line : $"{client}: {line}");

    /// <summary>Fails with the first line that differs and what led to it.</summary>
    public void AssertEqual(Transcript routed)
    {
        var most = Math.Max(_lines.Count, routed._lines.Count);
        for (var index = 0; index < most; index++)
        {
            var expected = _lines.ElementAtOrDefault(index);
            var actual = routed._lines.ElementAtOrDefault(index);
            if (!string.Equals(expected, actual, StringComparison.Ordinal))
            {
                var before = string.Join("\n    ", _lines.Take(index).TakeLast(12));
                Assert.Fail($"line {index + 1} differs after\n    {before}\n direct {expected}\n routed {actual}");
            }
        }
    }

    public override string ToString() => string.Join('\n', _lines);
}
