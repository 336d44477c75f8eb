namespace Freshet.Server.Demo;

/// <summary>Finds the reason in what a server or one of its programs wrote.</summary>
internal static class PostgresLog
{
    // The worst first: after a PANIC the other sessions fail as well, and their lines say only that.
    private static readonly string[] Marks = ["PANIC:", "FATAL:", "error:"];

    /// <summary>The first line of the worst kind of failure, without time and process id; null without one.</summary>
    public static string? Failure(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var mark in Marks)
        {
            foreach (var line in lines)
            {
                var start = line.IndexOf(mark, StringComparison.Ordinal);
                if (start >= 0)
                    return line[(start + mark.Length)..].Trim();
            }
        }
        return null;
    }
}
