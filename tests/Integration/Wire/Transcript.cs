namespace Freshet.Tests.Integration.Wire;

/// <summary>What came back, one line for each message, comparable between two runs of a scenario.</summary>
internal sealed class Transcript
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines => _lines;

    public void Note(string client, string line) => _lines.Add(client.Length is 0 ? line : $"{client}: {line}");

    public override string ToString() => string.Join('\n', _lines);
}
