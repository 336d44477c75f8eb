using System.Collections.Immutable;
using Freshet.Server.Feed;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Health;

/// <summary>Where the monitor gets what it looks at. Any thread.</summary>
internal sealed record HealthSources
{
    public required Func<Readiness> Readiness { get; init; }

    public required Func<ProxyStatistics?> Statistics { get; init; }

    public required Func<IEnumerable<DatabaseFeedStatus>> Feeds { get; init; }

    /// <summary>The servers, each once.</summary>
    public required Func<IEnumerable<HealthTarget>> Targets { get; init; }

    public required Func<UnhealthyWhenDown> Policy { get; init; }

    /// <summary>Asks a server. Default: <see cref="ServerProbe"/>.</summary>
    public Func<HealthTarget, CancellationToken, Task<ProbeResult>> Probe { get; init; } =
        static (target, cancellation) => ServerProbe.AskAsync(target, HealthMonitor.ProbeLimit, cancellation);
}

/// <summary>
/// Looks at everything every <see cref="Interval"/> and keeps the report, so that whoever asks is answered from memory:
/// no question of a balancer waits for a database or a pool. <see cref="Latest"/> and <see cref="CheckAsync"/> from any
/// thread.
/// </summary>
internal sealed class HealthMonitor(HealthSources sources, TimeProvider time) : IAsyncDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>For each server, all at once.</summary>
    public static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(2);

    /// <summary>For a full check.</summary>
    public static readonly TimeSpan FullLimit = TimeSpan.FromSeconds(5);

    /// <summary>An older report is not taken for the present state.</summary>
    public static readonly TimeSpan MostAge = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _flights = new();
    private Task<HealthObservation>? _flight;
    private volatile Kept? _kept;
    private Task _running = Task.CompletedTask;

    /// <summary>The first look is taken at once.</summary>
    public void Start() => _running = Task.Run(() => RunAsync(_stop.Token));

    /// <summary>Answers at once, with a report that is at most <see cref="MostAge"/> old, or says that it is older.
    /// </summary>
    public HealthReport Latest
    {
        get
        {
            Readiness readiness = sources.Readiness();
            if (_kept is not { } kept)
            {
                return Without("no check has ended yet", CheckStatus.Warn, readiness);
            }

            TimeSpan age = time.GetUtcNow() - kept.Report.At;
            return readiness != kept.Seen.Readiness
                ? HealthJudge.Judge(kept.Seen with { Readiness = readiness })
                : age <= MostAge ? kept.Report
                : Without($"the last check ended {age.TotalSeconds:0} s ago", CheckStatus.Fail, readiness);
        }
    }

    /// <summary>Looks now, in detail, whoever else asks at the same time with him; after <see cref="FullLimit"/> the
    /// report says that it took too long.</summary>
    public async Task<HealthReport> CheckAsync(CancellationToken cancellation)
    {
        try
        {
            return HealthJudge.Judge(await LookOnceAsync().WaitAsync(FullLimit, time, cancellation), isFull: true);
        }
        catch (TimeoutException)
        {
            return Without($"the check did not end within {FullLimit.TotalSeconds:0} s", CheckStatus.Fail,
                sources.Readiness());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                HealthObservation seen = await LookOnceAsync();
                _kept = new Kept(seen, HealthJudge.Judge(seen));
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // as it was asked to
        }
    }

    private Task<HealthObservation> LookOnceAsync()
    {
        lock (_flights)
        {
            return _flight is { IsCompleted: false } ? _flight : _flight = LookAsync();
        }
    }

    private async Task<HealthObservation> LookAsync()
    {
        ProbeResult[] probes =
            await Task.WhenAll(sources.Targets().Select(target => sources.Probe(target, _stop.Token)));
        return new HealthObservation
        {
            At = time.GetUtcNow(),
            Readiness = sources.Readiness(),
            Policy = sources.Policy(),
            Probes = [.. probes],
            Statistics = sources.Statistics(),
            Before = _kept?.Seen.Statistics,
            Feeds = [.. sources.Feeds()],
        };
    }

    /// <summary>A report without a look at the servers.</summary>
    private HealthReport Without(string why, CheckStatus status, Readiness readiness)
    {
        var seen = new HealthObservation { At = time.GetUtcNow(), Readiness = readiness, Policy = sources.Policy() };
        HealthReport report = HealthJudge.Judge(seen);
        ImmutableArray<HealthCheck> process = [.. report.Checks.Where(check => check.Name is "process")];
        return report with
        {
            Status = report.Status == HealthStatus.Healthy ? HealthStatus.Degraded : report.Status,
            Checks = [.. process, new HealthCheck("monitor", status, why)],
        };
    }

    private sealed record Kept(HealthObservation Seen, HealthReport Report);
}
