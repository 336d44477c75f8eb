using System.Collections.Immutable;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Pooling;

/// <summary>The poolers of a pooling run. Each is one process for the whole run, so each is warm, and serves plain
/// and TLS clients alike. Disposing ends them.</summary>
internal sealed class Contenders : IAsyncDisposable
{
    public const string Direct = "direct";
    public const string PgBouncerName = "pgbouncer";
    public const string PgBouncerSession = "pgbouncer-session";
    public const string FreshetName = "freshet";
    public const string FreshetTwoThreads = "freshet-2";

    /// <summary>One thread for the bars, two as a report of how it scales.</summary>
    public static readonly ImmutableArray<(string Name, int Threads)> FreshetVariants =
        [(FreshetName, 1), (FreshetTwoThreads, 2)];

    private readonly Dictionary<string, Party> parties = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AllocationMeter> meters = new(StringComparer.Ordinal);
    private readonly List<IAsyncDisposable> processes = [];
    private readonly HttpClient http = new();
    private readonly int poolSize;

    private Contenders(int poolSize) => this.poolSize = poolSize;

    /// <summary>Whether this PgBouncer shares prepared statements in transaction mode.</summary>
    public bool PgBouncerHasPrepared { get; private set; }

    public static async Task<Contenders> StartAsync(
        BenchRig rig,
        ClientAuth auth,
        CancellationToken cancellationToken)
    {
        var contenders = new Contenders(rig.Options.PoolSize);
        try
        {
            await contenders.StartAllAsync(rig, auth, cancellationToken);
            return contenders;
        }
        catch
        {
            await contenders.DisposeAsync();
            throw;
        }
    }

    /// <summary>What Freshet is compared with in a cell; the reason when there is nothing.</summary>
    public (Party? Party, string? Missing) Baseline(Cell cell)
    {
        if (!parties.TryGetValue(PgBouncerName, out var pgBouncer))
            return (null, "PgBouncer did not take part");
        if (cell.Protocol is not "prepared" || PgBouncerHasPrepared)
            return (pgBouncer, null);
        return cell.Clients <= poolSize
            ? (parties[PgBouncerSession], null)
            : (null, "prepared statements in transaction mode are not supported by this version of PgBouncer (1.21 "
                + $"brought them), and its session mode serves no more clients than its pool of {poolSize} at a time");
    }

    /// <summary>The parties of a comparison that needs no stand-ins: direct, PgBouncer, Freshet.</summary>
    public IReadOnlyList<Party> InTurn => parties.Values.Where(party => party.Name is not PgBouncerSession).ToList();

    public Party? Find(string name) => parties.GetValueOrDefault(name);

    public AllocationMeter? Meter(Party party) => meters.GetValueOrDefault(party.Name);

    public async ValueTask DisposeAsync()
    {
        foreach (var process in processes)
            await process.DisposeAsync();
        http.Dispose();
    }

    private async Task StartAllAsync(BenchRig rig, ClientAuth auth, CancellationToken cancellationToken)
    {
        var options = rig.Options;
        if (options.Takes(Direct))
            parties[Direct] = new Party { Name = Direct, Port = rig.Database.Port };

        if (options.Takes(PgBouncerName))
        {
            PgBouncerHasPrepared = PgBouncer.ReadVersion(options.PgBouncerProgram) >= PgBouncer.FirstWithPrepared;
            Add(await PgBouncer.StartAsync(rig, PgBouncerName, "transaction", auth, cancellationToken));
            if (!PgBouncerHasPrepared)
                Add(await PgBouncer.StartAsync(rig, PgBouncerSession, "session", auth, cancellationToken));
        }

        foreach (var (name, threads) in FreshetVariants)
        {
            if (options.Takes(name))
                Add(await FreshetUp.StartAsync(rig, name, threads, auth, cancellationToken));
        }

        foreach (var party in parties.Values)
        {
            if (party.Metrics is not { } metrics)
                continue;
            var meter = new AllocationMeter(http, metrics);
            await meter.CalibrateAsync(cancellationToken);
            meters[party.Name] = meter;
        }
    }

    private void Add(PgBouncer pooler)
    {
        processes.Add(pooler);
        parties[pooler.Party.Name] = pooler.Party;
    }

    private void Add(FreshetUp pooler)
    {
        processes.Add(pooler);
        parties[pooler.Party.Name] = pooler.Party;
    }
}
