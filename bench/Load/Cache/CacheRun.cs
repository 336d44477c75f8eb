using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>
/// The measurements of one cache run, part by part, and what has come of them so far. In a cell the parties take turns,
/// round after round, so a machine that gets slower or busier in between does it to all of them. Not for use by several
/// threads at once.
/// </summary>
internal sealed class CacheRun(BenchRig rig, CacheContenders contenders, CacheOptions options)
{
    /// <summary>For cells in which the protocol is not the question.</summary>
    private const string UsualProtocol = "prepared";

    private readonly ScriptRun scripts = new(rig, options);
    private readonly List<CacheCell> cells = [];
    private readonly List<ProbeRun> sessions = [];
    private VisibilityResult? visibility;
    private KillResult? kill;

    public bool HasResults => cells.Count > 0 || sessions.Count > 0 || visibility is not null || kill is not null;

    public CacheResult Result(MachineDescription machine) => new()
    {
        Machine = machine,
        Pgpool = contenders.Pgpool is null ? "Pgpool-II is not installed" : Pgpool.ReadVersion(),
        Settings = options,
        Cells = cells,
        Sessions = sessions,
        Visibility = visibility,
        Kill = kill,
    };

    /// <param name="part">One of <see cref="CacheParts"/>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task MeasureAsync(string part, CancellationToken cancellationToken)
    {
        switch (part)
        {
            case CacheParts.Hot:
                foreach (var protocol in options.Protocols)
                {
                    await MeasureCellAsync(
                        CacheWorkload.Hot(options.HotKeys), protocol, contenders.Everybody, cancellationToken);
                }

                break;
            case CacheParts.Misses:
                foreach (var protocol in options.Protocols)
                    await MeasureCellAsync(CacheWorkload.Misses, protocol, contenders.Workers, cancellationToken);
                break;
            case CacheParts.Writes:
                await MeasureCellAsync(CacheWorkload.Writes, UsualProtocol, contenders.Workers, cancellationToken);
                break;
            case CacheParts.Mixed:
                await MeasureCellAsync(
                    CacheWorkload.Mixed(options.HotKeys), UsualProtocol, contenders.Workers, cancellationToken);
                break;
            case CacheParts.Session:
                await MeasureSessionsAsync(cancellationToken);
                break;
            case CacheParts.Visibility:
                visibility = await Visibility.MeasureAsync(rig, contenders, options.Probes, cancellationToken);
                break;
            case CacheParts.Kill:
                kill = await KillProbe.MeasureAsync(rig, cancellationToken);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(part), part, message: null);
        }
    }

    private async Task MeasureCellAsync(
        CacheWorkload workload, string protocol, IReadOnlyList<Party> parties, CancellationToken cancellationToken)
    {
        var runs = new List<ScriptResult>();
        // The first round warms everybody up: code is compiled, results are stored. It is kept only if it failed.
        for (var round = -1; round < options.Rounds; round++)
        {
            foreach (var party in parties)
            {
                var before = PgpoolCounts(party, cancellationToken);
                var result = await scripts.RunAsync(
                    workload, protocol, party, round, contenders.Meter(party), cancellationToken);
                if (before is { } first && PgpoolCounts(party, cancellationToken) is { } last)
                    result = result with { HitShare = Share(last.Hits - first.Hits, last.Misses - first.Misses) };
                if (round >= 0 || result.Failure is not null)
                    runs.Add(result);
                Console.Error.WriteLine(
                    $"{workload.Name}, {protocol}, {(round < 0 ? "warm-up" : $"round {round + 1}")}: {party.Name} "
                    + (result.Failure ?? $"{result.TransactionsPerSecond:0} tps"));
            }
        }

        cells.Add(new CacheCell(workload.Name, protocol, runs));
    }

    private static double? Share(double hits, double misses) => hits + misses > 0 ? hits / (hits + misses) : null;

    private (double Hits, double Misses)? PgpoolCounts(Party party, CancellationToken cancellationToken) =>
        party == contenders.Pgpool?.Party ? contenders.Pgpool.ReadCounts(cancellationToken) : null;

    private async Task MeasureSessionsAsync(CancellationToken cancellationToken)
    {
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var party in (Party[])[.. contenders.Workers, contenders.Yardstick])
            {
                var first = await contenders.ReadMetricsAsync(cancellationToken);
                var run = LatencyProbe.Measure(rig, options, party, round, cancellationToken);
                var last = await contenders.ReadMetricsAsync(cancellationToken);
                if (party == contenders.Cached)
                    run = run with { HitShare = HitShare.Between(first, last) };
                sessions.Add(run);
                Console.Error.WriteLine($"session, round {round + 1}: {party.Name} " + string.Join(
                    ", ", run.Latencies.Select(latency => $"{latency.Script} {latency.P50Microseconds:0} µs")));
            }
        }
    }
}
