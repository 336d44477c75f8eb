using Freshet.Server.Health;
using Freshet.Tests.Unit.Http;
using Xunit;

namespace Freshet.Tests.Unit.Health;

public sealed class HealthMonitorTests : IAsyncDisposable
{
    private static readonly HealthTarget s_target = new("10.0.0.1", 5432, "10.0.0.1:5432");

    private readonly ManualTime _time = new();
    private readonly HealthMonitor _monitor;
    private Readiness _readiness = Readiness.Ready;
    private TaskCompletionSource<ProbeResult> _answer = new();
    private int _probes;

    public HealthMonitorTests() =>
        _monitor = new HealthMonitor(
            new HealthSources
            {
                Readiness = () => _readiness,
                Statistics = () => MetricsTests.Proxy() with { BrokenInvariants = 0 },
                Feeds = () => [],
                Targets = () => [s_target],
                Policy = () => UnhealthyWhenDown.All,
                Probe = (_, cancellation) =>
                {
                    Interlocked.Increment(ref _probes);
                    return Volatile.Read(ref _answer).Task.WaitAsync(cancellation);
                },
            },
            _time);

    public ValueTask DisposeAsync() => _monitor.DisposeAsync();

    [Fact]
    public async Task While_a_server_hangs_the_last_report_is_given_until_it_is_too_old()
    {
        _monitor.Start();
        Assert.Equal(HealthStatus.Degraded, _monitor.Latest.Status); // no look has ended yet
        _answer.SetResult(new ProbeResult(s_target, TimeSpan.FromMilliseconds(1), null));
        await UntilAsync(() => _monitor.Latest.Status == HealthStatus.Healthy);

        Volatile.Write(ref _answer, new TaskCompletionSource<ProbeResult>());
        await UntilAsync(() =>
        {
            _time.Advance(HealthMonitor.Interval);
            return Volatile.Read(ref _probes) > 1;
        });
        _time.Advance(HealthMonitor.MostAge);
        var report = _monitor.Latest;
        Assert.Equal(HealthStatus.Degraded, report.Status);
        Assert.Equal(CheckStatus.Fail, Assert.Single(report.Checks, check => check.Name is "monitor").Status);
    }

    [Fact]
    public async Task Draining_shows_at_once()
    {
        _answer.SetResult(new ProbeResult(s_target, TimeSpan.Zero, null));
        _monitor.Start();
        await UntilAsync(() => _monitor.Latest.Status == HealthStatus.Healthy);
        _readiness = Readiness.Draining;
        Assert.Equal(HealthStatus.Unhealthy, _monitor.Latest.Status);
    }

    [Fact]
    public async Task Whoever_asks_for_a_full_check_at_the_same_time_shares_it()
    {
        var first = _monitor.CheckAsync(CancellationToken.None);
        var second = _monitor.CheckAsync(CancellationToken.None);
        Assert.Equal(1, Volatile.Read(ref _probes));
        _answer.SetResult(new ProbeResult(s_target, TimeSpan.Zero, "refused"));
        Assert.Equal(HealthStatus.Unhealthy, (await first).Status);
        Assert.Equal(HealthStatus.Unhealthy, (await second).Status);
    }

    [Fact]
    public async Task A_full_check_has_its_limit()
    {
        var check = _monitor.CheckAsync(CancellationToken.None);
        _time.Advance(HealthMonitor.FullLimit);
        var report = await check;
        Assert.Equal(HealthStatus.Degraded, report.Status);
        Assert.Contains(report.Checks, found => found.Message.Contains("did not end", StringComparison.Ordinal));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Yield();
        }
    }
}
