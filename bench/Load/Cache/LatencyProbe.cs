using System.Diagnostics;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>
/// One session that asks alone, one request after the other: 70 % reads of hot rows, 20 % reads that cannot be cached,
/// 10 % writes to a table that nobody reads, always in the same order. What is timed is the request itself, without
/// another client in the way, so that a hit can be held against a round trip to the database, and a write with the
/// cache on against one with the cache off. pgbench's own latencies are no use for that: an answer that is there before
/// pgbench looks again counts as 0.
/// </summary>
internal static class LatencyProbe
{
    public const int Requests = 5_000;

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
            var started = Stopwatch.GetTimestamp();
            session.Run(sql, cancellationToken);
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
            if (request < 0)
                continue;
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
