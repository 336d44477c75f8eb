using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>Who takes part in a cache run: the database itself, Freshet with its cache off and on, Pgpool-II where it
/// is installed, and the server of canned answers. Each is started once, so each is warm. Disposing ends
/// them.</summary>
internal sealed class CacheContenders : IAsyncDisposable
{
    public const string DirectName = "direct";
    public const string UncachedName = "uncached";
    public const string CachedName = "cached";

    /// <summary>The cache mode that is measured.</summary>
    public const string Mode = "session";

    private readonly List<IAsyncDisposable> processes = [];
    private readonly Dictionary<string, AllocationMeter> meters = new(StringComparer.Ordinal);
    private readonly HttpClient http = new();

    private CacheContenders(Party direct) => (Direct, Uncached, Cached, Yardstick) = (direct, direct, direct, direct);

    public Party Direct { get; }

    public Party Uncached { get; private set; }

    public Party Cached { get; private set; }

    public Party Yardstick { get; private set; }

    public Pgpool? Pgpool { get; private set; }

    /// <summary>All, in the order in which they take turns.</summary>
    public IReadOnlyList<Party> Everybody =>
        [Direct, Uncached, Cached, .. Pgpool is null ? [] : (Party[])[Pgpool.Party], Yardstick];

    /// <summary>Those who do the work that they are asked for.</summary>
    public IReadOnlyList<Party> Workers => [Direct, Uncached, Cached];

    public static async Task<CacheContenders> StartAsync(BenchRig rig, CancellationToken cancellationToken)
    {
        var contenders = new CacheContenders(new Party { Name = DirectName, Port = rig.Database.Port });
        try
        {
            contenders.Uncached = await contenders.StartFreshetAsync(rig, UncachedName, "off", cancellationToken);
            contenders.Cached = await contenders.StartFreshetAsync(rig, CachedName, Mode, cancellationToken);
            var yardstick = await Cache.Yardstick.StartAsync(rig, cancellationToken);
            contenders.processes.Add(yardstick);
            contenders.Yardstick = yardstick.Party;
            if (Pgpool.IsInstalled)
            {
                contenders.Pgpool = await Pgpool.StartAsync(rig, cancellationToken);
                contenders.processes.Add(contenders.Pgpool);
            }

            await contenders.CheckModeAsync(rig, cancellationToken);
            foreach (var meter in contenders.meters.Values)
                await meter.CalibrateAsync(cancellationToken);
            return contenders;
        }
        catch
        {
            await contenders.DisposeAsync();
            throw;
        }
    }

    public AllocationMeter? Meter(Party party) => meters.GetValueOrDefault(party.Name);

    /// <summary>Of the one that caches.</summary>
    public async Task<MetricsPage> ReadMetricsAsync(CancellationToken cancellationToken) =>
        await MetricsPage.ReadAsync(http, Cached.Metrics!, cancellationToken)
        ?? throw new BenchException($"no metrics at {Cached.Metrics}");

    public async ValueTask DisposeAsync()
    {
        foreach (var process in processes)
            await process.DisposeAsync();
        http.Dispose();
    }

    private async Task<Party> StartFreshetAsync(
        BenchRig rig, string name, string mode, CancellationToken cancellationToken)
    {
        var freshet = await FreshetUp.StartAsync(rig, name, 1, ClientAuth.Trust, cancellationToken, mode);
        processes.Add(freshet);
        meters[name] = new AllocationMeter(http, freshet.Party.Metrics!);
        return freshet.Party;
    }

    /// <summary>A cache that has fallen back to another mode, for want of a right or a setting, would be measured as
    /// what it is not.</summary>
    private async Task CheckModeAsync(BenchRig rig, CancellationToken cancellationToken)
    {
        using (var client = rig.Database.Connect(Cached.Port))
            client.Run("SELECT 1", cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (true)
        {
            var page = await ReadMetricsAsync(cancellationToken);
            var modes = page.SumsBy("freshet_cache_mode", "mode").Keys;
            if (page.Sum("freshet_feed_live") > 0 && modes.SequenceEqual([Mode], StringComparer.Ordinal))
                return;
            if (limit.IsCancellationRequested)
            {
                throw new BenchException(
                    $"freshet up --cache {Mode} is in mode '{string.Join(", ", modes)}' and its feed is "
                    + (page.Sum("freshet_feed_live") > 0 ? "live" : "not live"));
            }

            await Task.Delay(50, cancellationToken);
        }
    }
}
