using System.Diagnostics;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Pools;

/// <summary>
/// Decides when a pool opens further server connections: as many as clients wait, up to the limits, and after a
/// failure only when the pause is over (doubling from the configured retry time to 15 s, with jitter). Planning
/// happens under the pool's lock, starting after it.
/// </summary>
internal sealed class PoolLauncher(Pool pool, ProxyState proxy, PoolQueues queues)
{
    /// <summary>PgBouncer's default <c>server_login_retry</c>.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    [ThreadStatic]
    private static List<ServerConnection>? t_planned;

    private readonly Dictionary<string, string> _lastReported = new(StringComparer.OrdinalIgnoreCase);
    private volatile SettingsSet? _lastStartup;
    private int _failures;
    private long _pausedUntil;

    public string? LastFailure { get; private set; }

    /// <summary>Under the pool's lock.</summary>
    public void Plan(EventLoop loop)
    {
        if (Stopwatch.GetTimestamp() < Volatile.Read(ref _pausedUntil) || proxy.Draining)
        {
            return;
        }

        int waiting = queues.Waiting;
        if (waiting > 0 && pool.Mode == PoolMode.Session)
        {
            PlanForSettings(loop);
        }
        else if (waiting > queues.LoggingIn)
        {
            Open(loop, SettingsSet.Empty, waiting - queues.LoggingIn);
        }
        else if (pool.Clients > 0
            && (pool.Mode == PoolMode.Session ? _lastStartup : SettingsSet.Empty) is { } startup)
        {
            // What nobody waits for gets the start-up settings of the last session, since the next client is mostly
            // another process of the same application; before there was one, nothing is opened.
            Open(loop, startup, Math.Min(pool.Settings.MinSize, pool.Settings.Size) - queues.Servers);
        }
    }

    /// <summary>After the lock was left: starts what this thread planned.</summary>
    public void Go()
    {
        while (t_planned is { Count: > 0 } planned)
        {
            ServerConnection server = planned[^1];
            planned.RemoveAt(planned.Count - 1);
            server.Start();
        }
    }

    /// <summary>True when the server reports other values than the last one did (it was upgraded or reconfigured).
    /// </summary>
    public bool OnReady(ServerConnection server)
    {
        _failures = 0;
        Volatile.Write(ref _pausedUntil, 0);
        LastFailure = null;
        if (server.Replication is null)
        {
            _lastStartup = server.Startup;
        }

        lock (_lastReported)
        {
            bool same = _lastReported.Count == server.Neutral.Count && server.Neutral.All(reported =>
                _lastReported.TryGetValue(reported.Key, out string? value)
                && string.Equals(value, reported.Value, StringComparison.Ordinal));
            if (same || server.Startup.Count > 0)
            {
                return false;
            }

            _lastReported.Clear();
            foreach ((string name, string value) in server.Neutral)
            {
                _lastReported[name] = value;
            }

            return true;
        }
    }

    /// <summary>Under the pool's lock.</summary>
    public void OnFailed(ServerConnection server, string reason)
    {
        LastFailure = reason;
        if (server is { Startup.Count: > 0, Refusal: not null })
        {
            // The server answered: it is one client's start-up settings that it does not like. There is no pause, so
            // that nothing may be opened with them but for a client.
            _lastStartup = SettingsSet.Empty;
            return;
        }

        double pause = pool.Settings.ServerLoginRetry.TotalMilliseconds * Math.Pow(2, Math.Min(_failures++, 10));
        pause = Math.Min(pause, LongestPause.TotalMilliseconds) * (0.75 + (Random.Shared.NextDouble() / 2));
        Volatile.Write(ref _pausedUntil, Stopwatch.GetTimestamp() + (long)(pause * Stopwatch.Frequency / 1000));
    }

    /// <summary>Session mode: each waiter needs a connection with its own start-up settings; one that is being opened
    /// with them will do.</summary>
    private void PlanForSettings(EventLoop loop)
    {
        List<SettingsSet> coming =
            [.. queues.All.Where(PoolQueues.IsComing).Select(server => server.Startup)];
        foreach (ClientSession waiter in queues.WaitersByAge())
        {
            if (!coming.Remove(waiter.ServerStartup) && !Open(loop, waiter.ServerStartup, 1))
            {
                return;
            }
        }
    }

    /// <summary>False: not all of them may be opened.</summary>
    private bool Open(EventLoop loop, SettingsSet startup, int count)
    {
        for (; count > 0; count--)
        {
            if (!MayOpen(loop))
            {
                return false;
            }

            var server = new ServerConnection(pool, loop, startup, replication: null);
            queues.Add(server);
            (t_planned ??= []).Add(server);
        }

        return true;
    }

    private bool MayOpen(EventLoop loop)
    {
        PoolSnapshot settings = pool.Settings;
        int limit = settings.Size;
        if (settings.ReserveSize > 0 && queues.OldestWaiter() is { } oldest
            && Stopwatch.GetElapsedTime(oldest.WaitingSince) >= settings.ReserveTimeout)
        {
            limit += settings.ReserveSize;
        }

        if (queues.Servers < limit)
        {
            return proxy.Pools.MayOpen(pool, loop);
        }

        // Idle connections with other start-up settings hold the places: session mode only.
        if (queues.PopOldestIdle() is { } unfit)
        {
            MakeRoom(unfit);
        }

        return false;
    }

    /// <summary>Apart from <see cref="MayOpen"/>, which would otherwise make a closure for every waiting client.
    /// </summary>
    private static void MakeRoom(ServerConnection unfit)
    {
        unfit.MoveTo(unfit.Loop, ServerState.Cleaning);
        unfit.Loop.Post(() => unfit.Close("made room for a session with other start-up settings"));
    }
}
