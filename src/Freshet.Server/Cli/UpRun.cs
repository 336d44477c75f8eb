using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Freshet.Server.Configuration;
using Freshet.Server.Feed;
using Freshet.Server.Health;
using Freshet.Server.Http;
using Freshet.Server.Logging;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Tls;

namespace Freshet.Server.Cli;

/// <summary>
/// One life of the proxy: start, ready line, reloads, drain, end. SIGHUP reads the configuration again; the first
/// SIGTERM or SIGINT drains, the second ends at once. Signal handlers run on their own threads and only set flags or
/// complete tasks; everything else happens on the thread that called <see cref="RunAsync"/>, or is serialized by the
/// reload gate.
/// </summary>
internal sealed class UpRun(ConfigurationLoader loader, FreshetConfiguration initial, Terminal terminal) : IDisposable
{
    private readonly ProcessLog _log = new(terminal.Error, initial.Logs, initial.LogLevel, TimeProvider.System);
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopNow = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _reloadGate = new();
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly FreshetConfiguration _started = initial;
    private volatile Readiness _readiness = Readiness.Starting;

    /// <summary>In force now: the last one that was read.</summary>
    private volatile FreshetConfiguration _configuration = initial;
    private volatile ProxyHost? _proxy;
    private DatabaseWatches _watches = null!;

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        using var cancelled = cancellation.Register(() => _stop.TrySetResult());
        ListenToSignals();
        if (_started.File is not null)
            _log.Write(ProxyLogLevel.Information, $"configuration read from {_started.File}");
        foreach (var warning in _started.Warnings)
            _log.Write(ProxyLogLevel.Warning, warning);
        HttpHost? http = null;
        await using var watches = _watches = new DatabaseWatches(_log);
        await using var health = new HealthMonitor(
            new HealthSources
            {
                Readiness = () => _readiness,
                Statistics = () => _proxy?.GetStatistics(),
                Feeds = () => watches.Statuses,
                Targets = () => _configuration.UnhealthyWhenDown == UnhealthyWhenDown.None
                    ? []
                    : Targets(_configuration.Proxy),
                Policy = () => _configuration.UnhealthyWhenDown,
            },
            TimeProvider.System);
        try
        {
            var sources = new HttpSources(() => _readiness, () => _proxy?.GetStatistics(), () => _log.Dropped)
            {
                Feeds = () => watches.Statuses,
                Databases = () => _proxy?.Cache.Databases ?? [],
                Token = () => _configuration.HttpToken,
                Health = health,
            };
            // Both at once: most of the start is compiling, and Kestrel has the larger share.
            var httpStart = StartHttpAsync(sources, cancellation);
            try
            {
                _proxy = ProxyHost.Start(_started.Proxy, _log, _watches.Follow);
            }
            finally
            {
                http = await httpStart;
            }
            _readiness = Readiness.Ready;
            if (http is not null)
                health.Start(); // else nobody can ask
            WriteReady(_proxy.Addresses, http?.Address);
            await _stop.Task;
            return await DrainAsync(_proxy);
        }
        catch (Exception exception) when (exception is SocketException or IOException or TlsConfigurationException)
        {
            return terminal.Fail(ExitCode.Failed, $"cannot start: {exception.Message}");
        }
        finally
        {
            if (http is not null)
                await http.DisposeAsync();
            // After the second signal nothing may hold the end up.
            if (!_stopNow.Task.IsCompleted)
                _proxy?.Dispose();
        }
    }

    private async Task<HttpHost?> StartHttpAsync(HttpSources sources, CancellationToken cancellation)
    {
        if (_started.Http is not { } address)
            return null;
        return await Task.Run(() => HttpHost.StartAsync(address, sources, cancellation), cancellation);
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _log.Dispose();
    }

    private async Task<int> DrainAsync(ProxyHost proxy)
    {
        _readiness = Readiness.Draining;
        var limit = _configuration.Proxy.DrainTimeout;
        _log.Write(
            ProxyLogLevel.Information,
            $"draining: no new clients; running transactions have {Duration.Format(limit)} to end"
        );
        var started = TimeProvider.System.GetTimestamp();
        var drain = proxy.DrainAsync(CancellationToken.None);
        if (await Task.WhenAny(drain, _stopNow.Task) == _stopNow.Task)
        {
            _log.Write(ProxyLogLevel.Warning, "stopped before the drain ended");
            return ExitCode.Interrupted;
        }
        await drain;
        if (TimeProvider.System.GetElapsedTime(started) < limit)
        {
            _log.Write(ProxyLogLevel.Information, "drained");
            return ExitCode.Done;
        }
        _log.Write(ProxyLogLevel.Warning, $"drainTimeout ({Duration.Format(limit)}) passed: open sessions were closed");
        return ExitCode.Failed;
    }

    private void ListenToSignals()
    {
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => Handle(context, Reload)));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Handle(context, Stop)));
        _signals.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Handle(context, Stop)));
    }

    private static void Handle(PosixSignalContext context, Action action)
    {
        context.Cancel = true;
        action();
    }

    private void Stop()
    {
        if (!_stop.TrySetResult())
            _stopNow.TrySetResult();
    }

    private void Reload()
    {
        lock (_reloadGate)
        {
            if (_proxy is not { } proxy || _readiness != Readiness.Ready)
            {
                _log.Write(ProxyLogLevel.Warning, "reload ignored: the proxy is starting or draining");
                return;
            }
            var next = loader.Load(out var errors);
            if (next is null)
            {
                foreach (var error in errors)
                    _log.Write(ProxyLogLevel.Error, $"reload refused: {error}");
                _log.Write(ProxyLogLevel.Error, "the running configuration stays in force");
                return;
            }
            foreach (var warning in next.Warnings.Concat(ReloadRules.NeedRestart(_started, next)))
                _log.Write(ProxyLogLevel.Warning, warning);
            try
            {
                proxy.Reload(next.Proxy with { Listen = _started.Proxy.Listen, Threads = _started.Proxy.Threads });
            }
            catch (TlsConfigurationException exception)
            {
                _log.Write(ProxyLogLevel.Error, $"reload refused: {exception.Message}");
                return;
            }
            _log.Level = next.LogLevel;
            _configuration = next;
            _log.Write(ProxyLogLevel.Information, "configuration reloaded");
        }
    }

    private static IEnumerable<HealthTarget> Targets(ProxySnapshot proxy) =>
        proxy.Databases.Values
            .Select(database => new HealthTarget(database.Host, database.Port, database.Target))
            .Distinct();

    private void WriteReady(ImmutableArray<IPEndPoint> addresses, IPEndPoint? http)
    {
        var listen = addresses.Select(address => address.ToString());
        if (_started.Logs == LogFormat.Json)
        {
            var line = new JsonObject
            {
                ["event"] = "ready",
                ["listen"] = new JsonArray([.. listen.Select(address => (JsonNode)address)]),
                ["http"] = http?.ToString(),
            };
            terminal.Output.WriteLine(line.ToJsonString());
        }
        else
            terminal.Output.WriteLine($"ready listen={string.Join(',', listen)} http={http?.ToString() ?? "off"}");
        terminal.Output.Flush();
    }
}
