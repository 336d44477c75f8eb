using System.Diagnostics;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>
/// One session that asks alone, one request after the other: 70 % reads of hot rows, 20 % reads that cannot be cached,
/// 10 % writes to a table that nobody reads, always in the same order; after that writes in a row. What is timed is the
/// request itself, without another client in the way, so that a hit can be held against a round trip to the database,
/// and a write with the cache on against one with the cache off. pgbench's own latencies are no use for that: an answer
/// that is there before pgbench looks again counts as 0.
/// <para>Only the writes in a row compare like with like. In the mixed traffic a database that is spared seven of ten
/// requests falls asleep between the others, and waking it takes longer than the write.</para>
/// </summary>
internal static class LatencyProbe
{
    public const int Requests = 5_000;

    public const int WritesInARow = 2_000;

    /// <summary>Among the writes in a row: the session goes on having hits, so that pulses are asked for it.</summary>
    private const int WritesPerHit = 8;

    private const int WarmUp = 500;
    private const int Seed = 1;

    public static ProbeRun Measure(
        BenchRig rig, CacheOptions options, Party party, int round, CancellationToken cancellationToken)
    {
        using var session = rig.Database.Connect(party.Port);
        var random = new Random(Seed);
        var latencies = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        for (var request = -WarmUp; request < Requests; request++)
        {
            var (kind, sql) = Next(random, options.HotKeys);
            Time(kind, sql, isKept: request >= 0);
        }

        for (var write = 0; write < WritesInARow; write++)
        {
            if (write % WritesPerHit == 0)
                Time(CacheWorkload.Hit, $"{CacheWorkload.HotSql}1", isKept: false);
            Time(
                CacheWorkload.WriteInARow, $"{CacheWorkload.WriteSql}{random.Next(CacheWorkload.SideRows)}",
                isKept: write % WritesPerHit > 0);
        }

        void Time(string kind, string sql, bool isKept)
        {
            var started = Stopwatch.GetTimestamp();
            session.Run(sql, cancellationToken);
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
            if (!isKept)
                return;
            if (!latencies.TryGetValue(kind, out var ofKind))
                latencies[kind] = ofKind = [];
            ofKind.Add(elapsed);
        }

        return new ProbeRun(party.Name, round, [.. latencies.Select(pair => Summary(pair.Key, pair.Value))]);
    }

    private static (string Kind, string Sql) Next(Random random, int hotKeys) => random.Next(10) switch
    {
        < 7 => (CacheWorkload.Hit, $"{CacheWorkload.HotSql}{random.Next(hotKeys) + 1}"),
        < 9 => (CacheWorkload.Other, CacheWorkload.OtherSql),
        _ => (CacheWorkload.Write, $"{CacheWorkload.WriteSql}{random.Next(CacheWorkload.SideRows)}"),
    };

    private static ScriptLatency Summary(string kind, List<double> latencies)
    {
        latencies.Sort();
        return new ScriptLatency(
            kind, latencies[latencies.Count / 2], latencies[(int)(latencies.Count * 0.99)], latencies.Count);
    }
}

/// <summary>One run of the session.</summary>
/// <param name="HitShare">Of the hot reads; null when the party does not tell.</param>
internal sealed record ProbeRun(
    string Party, int Round, IReadOnlyList<ScriptLatency> Latencies, double? HitShare = null)
{
    public ScriptLatency? Find(string kind) =>
        Latencies.FirstOrDefault(latency => string.Equals(latency.Script, kind, StringComparison.Ordinal));
}
