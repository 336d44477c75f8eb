using System.Diagnostics;
using System.Globalization;
using Freshet.Server.Demo.Sample;
using Npgsql;

namespace Freshet.Server.Demo;

/// <summary>A goal is scored at the database itself, past Freshet, and looked for through the cache.</summary>
/// <param name="Before">Goals that the cache served before.</param>
/// <param name="After">Goals that it served in the end.</param>
/// <param name="Milliseconds">From the database's word that the goal is committed to the first answer with it.</param>
internal sealed record LiveWrite(int Before, int After, double Milliseconds)
{
    private const string Read = "SELECT home_goals FROM scores.games WHERE id = 1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <param name="direct">Connection string of the database.</param>
    /// <param name="cached">Connection string of the proxy that caches.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DemoException">The goal was not seen.</exception>
    public static async Task<LiveWrite> TryAsync(
        string direct, string cached, CancellationToken cancellationToken)
    {
        await using var writer = new NpgsqlConnection(direct);
        await using var reader = new NpgsqlConnection(cached);
        await writer.OpenAsync(cancellationToken);
        await reader.OpenAsync(cancellationToken);
        var before = 0;
        for (var warm = 0; warm < 20; warm++)
            before = await GoalsAsync(reader, cancellationToken);
        await using (var goal = new NpgsqlCommand(
            "UPDATE scores.games SET home_goals = home_goals + 1 WHERE id = 1", writer))
            await goal.ExecuteNonQueryAsync(cancellationToken);
        var committed = Stopwatch.GetTimestamp();
        while (true)
        {
            var seen = await GoalsAsync(reader, cancellationToken);
            if (seen > before)
                return new LiveWrite(before, seen, Stopwatch.GetElapsedTime(committed).TotalMilliseconds);
            if (Stopwatch.GetElapsedTime(committed) > Patience)
                throw new DemoException($"a goal that the database has committed is not seen after {Patience}");
        }
    }

    public string Sentence => string.Create(
        CultureInfo.InvariantCulture,
        $"Live: a goal scored at the database, past Freshet. The cache had said {Before}; {Milliseconds:0.0} ms later "
        + $"it said {After}.");

    private static async Task<int> GoalsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Read, connection);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
