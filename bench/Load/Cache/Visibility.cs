using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Freshet.Bench.Load.Rig;
using Freshet.Bench.Load.Wire;

namespace Freshet.Bench.Load.Cache;

/// <summary>
/// How long after a commit at the database the cache still serves the row as it was before, while others commit 1,000
/// times a second to the same table. One session writes at the database; another reads the row through the proxy until
/// it sees what was written. Measured twice: here, from the database's word that the commit is done, and by the proxy's
/// own histogram.
/// </summary>
internal static partial class Visibility
{
    public const int CommitsPerSecond = 1_000;

    private const int WriterClients = 4;

    /// <summary>The proxy's own view of all commits.</summary>
    private const string Histogram = "freshet_feed_commit_delay_seconds_bucket";

    private const string Read = "SELECT abalance FROM pgbench_accounts WHERE aid = 1";

    /// <summary>Reads before each write, over at least <see cref="SettleTime"/>: the row is a hit by then.</summary>
    private const int WarmReads = 10;

    private static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<VisibilityResult> MeasureAsync(
        BenchRig rig, CacheContenders contenders, int probes, CancellationToken cancellationToken)
    {
        var rates = new List<double>();
        await using var background = StartWriters(rig, rates);
        using var writer = rig.Database.Connect(rig.Database.Port);
        using var reader = rig.Database.Connect(contenders.Cached.Port);
        while (!IsSteady(rates))
        {
            if (background.HasExited)
                throw new BenchException($"the writers ended:\n{background.LastLines}");
            await Task.Delay(50, cancellationToken);
        }

        var first = await contenders.ReadMetricsAsync(cancellationToken);
        var delays = new List<(double LastOld, double FirstNew)>();
        for (var probe = 0; probe < probes; probe++)
            delays.Add(Probe(writer, reader, cancellationToken));
        var last = await contenders.ReadMetricsAsync(cancellationToken);
        double[] Sorted(Func<(double LastOld, double FirstNew), double> value) => [.. delays.Select(value).Order()];
        double[] reached;
        lock (rates)
            reached = [.. rates];
        return new VisibilityResult
        {
            CommitsPerSecond = reached.Skip(1).Average(),
            HitShare = HitShare.Between(first, last),
            LastOldMilliseconds = Sorted(delay => delay.LastOld),
            FirstNewMilliseconds = Sorted(delay => delay.FirstNew),
            FeedP50Milliseconds = HistogramQuantile.Of(first, last, Histogram, 0.5) * 1_000,
            FeedP99Milliseconds = HistogramQuantile.Of(first, last, Histogram, 0.99) * 1_000,
        };
    }

    private static ChildProcess StartWriters(BenchRig rig, List<double> rates)
    {
        var script = rig.Folder.Combine("writers.sql");
        File.WriteAllText(
            script,
            """
            \set aid random(2, 100000)
            UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;

            """);
        return ChildProcess.Start(
            "pgbench",
            [
                rig.Database.PgBench, "-n", "-M", "prepared", "-c", WriterClients.ToString(),
                "-R", CommitsPerSecond.ToString(), "-T", "86400", "-P", "1", "-f", script,
            ],
            rig.Database.ClientEnvironment(rig.Database.Port, tls: false), rig.Folder.Path,
            onErrorLine: line =>
            {
                if (ProgressLine().Match(line) is not { Success: true } match)
                    return;
                lock (rates)
                    rates.Add(double.Parse(match.Groups["rate"].Value, CultureInfo.InvariantCulture));
            });
    }

    /// <summary>The first second has the logins in it.</summary>
    private static bool IsSteady(List<double> rates)
    {
        lock (rates)
            return rates.Count > 1;
    }

    /// <returns>Milliseconds after the commit's acknowledgement, when the last old answer and the first new one had
    /// come. No old answer: 0.</returns>
    private static (double LastOld, double FirstNew) Probe(
        WireConnection writer, WireConnection reader, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        for (var read = 0; read < WarmReads || Stopwatch.GetElapsedTime(started) < SettleTime; read++)
            reader.ReadNumber(Read, cancellationToken);
        var written = writer.ReadNumber(
            "UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 1 RETURNING abalance", cancellationToken);
        var committed = Stopwatch.GetTimestamp();
        double lastOld = 0;
        while (true)
        {
            var seen = reader.ReadNumber(Read, cancellationToken);
            var elapsed = Stopwatch.GetElapsedTime(committed);
            if (seen == written)
                return (lastOld, elapsed.TotalMilliseconds);
            if (elapsed > Patience)
                throw new BenchException($"still {seen} instead of {written}, {Patience} after the commit");
            lastOld = elapsed.TotalMilliseconds;
        }
    }

    [GeneratedRegex(@"^progress: [\d.]+ s, (?<rate>[\d.]+) tps", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ProgressLine();
}
