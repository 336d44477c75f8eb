using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Proxy;

/// <summary>The data plane's front door: starts the event loops, swaps snapshots, drains, tells numbers. Its methods
/// may be called from any thread.</summary>
internal sealed class ProxyHost : IDisposable
{
    private readonly ProxyState _proxy;
    private readonly List<Listener> _listeners = [];
    private readonly LoginGarbage _loginGarbage;
    private long _lastSweep;
    private bool _disposed;

    private ProxyHost(ProxyState proxy)
    {
        _proxy = proxy;
        _loginGarbage = new LoginGarbage(proxy.Counters);
    }

    /// <summary>The addresses really bound, port 0 resolved.</summary>
    public ImmutableArray<IPEndPoint> Addresses { get; private set; } = [];

    /// <param name="snapshot">What to obey.</param>
    /// <param name="log">Where to tell.</param>
    /// <param name="followDatabase">Called when a database is to be cached, with a pool that leads to it.</param>
    /// <exception cref="IOException">An address cannot be listened on.</exception>
    /// <exception cref="Tls.TlsConfigurationException">A certificate cannot be used.</exception>
    public static ProxyHost Start(
        ProxySnapshot snapshot, IProxyLog log, Action<DatabaseCache, Pool>? followDatabase = null)
    {
        var host = new ProxyHost(new ProxyState(snapshot, log));
        host._proxy.Cache.Opened = followDatabase;
        host._proxy.Cache.Mistrusted = (database, statement) => log.Write(
            ProxyLogLevel.Error,
            $"cache {database.Name}: statement {statement.Facts.FingerprintText} gave another result when it was run "
            + $"again; it is no longer cached: {statement.Facts.Normalized}");
        try
        {
            host.Listen(snapshot);
        }
        catch
        {
            host._listeners.ForEach(listener => listener.Close());
            throw;
        }

        foreach (EventLoop loop in host._proxy.Loops)
        {
            loop.Tick = host.Tick;
            loop.Start();
        }

        return host;
    }

    /// <summary>Obeys another snapshot from now on. <c>Listen</c> and <c>Threads</c> are fixed at the start.</summary>
    /// <exception cref="Tls.TlsConfigurationException">A certificate cannot be used; nothing was changed.</exception>
    public void Reload(ProxySnapshot snapshot) => _proxy.Reload(snapshot);

    /// <summary>Accepts nobody any more, lets transactions end, closes idle clients with 57P01, returns when all are
    /// gone or <see cref="ProxySnapshot.DrainTimeout"/> has passed.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        _proxy.Draining = true;
        long started = Stopwatch.GetTimestamp();
        foreach (Listener listener in _listeners)
        {
            listener.Loop.Post(listener.Close);
        }

        while (
            Interlocked.Read(ref _proxy.Counters.Clients) > 0
            && Stopwatch.GetElapsedTime(started) < _proxy.Snapshot.DrainTimeout
        )
        {
            foreach (ClientSession client in _proxy.Table.All().OfType<ClientSession>())
            {
                client.Loop.Post(client.OnDrain);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    public CacheDirectory Cache => _proxy.Cache;

    public ProxyStatistics GetStatistics() => StatisticsReader.Read(_proxy);

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        foreach (EventLoop loop in _proxy.Loops)
        {
            using var closed = new ManualResetEventSlim();
            loop.Post(() =>
            {
                CloseAll(loop);
                closed.Set();
            });
            closed.Wait(TimeSpan.FromSeconds(5));
            loop.Dispose();
        }

        _proxy.Cache.Dispose();
    }

    private void Listen(ProxySnapshot snapshot)
    {
        foreach (ListenAddress address in snapshot.Listen)
        {
            // The first loop finds a free port where 0 was asked for; the others join it there.
            ListenAddress bound = address;
            foreach (EventLoop loop in _proxy.Loops)
            {
                Listener listener = Listener.Open(_proxy, loop, bound);
                _listeners.Add(listener);
                bound = address with { Port = listener.Address.Port };
            }

            Addresses = Addresses.Add(new IPEndPoint(bound.Address, bound.Port));
        }

        _listeners.ForEach(listener => listener.Start());
    }

    private void Tick(EventLoop loop)
    {
        foreach (Pool pool in _proxy.Pools.All)
        {
            pool.Tick(loop);
        }

        if (loop.Index == 0 && Stopwatch.GetElapsedTime(_lastSweep, loop.Now) > TimeSpan.FromSeconds(1))
        {
            _lastSweep = loop.Now;
            _proxy.Pools.Sweep();
        }

        if (loop.Index == 0)
        {
            _loginGarbage.Tick(loop.Now);
        }

        ClientUpkeep.Run(_proxy, loop);
    }

    private void CloseAll(EventLoop loop)
    {
        foreach (Listener listener in _listeners.Where(listener => listener.Loop == loop))
        {
            listener.Close();
        }

        foreach (
            ClientSession client in _proxy.Table.All().OfType<ClientSession>().Where(client => client.Loop == loop)
        )
        {
            client.CloseWith(ClientErrors.ShuttingDown());
        }

        foreach (
            Servers.ServerConnection server in _proxy
                .Table.All()
                .OfType<Servers.ServerConnection>()
                .Where(server => server.Loop == loop)
        )
        {
            server.Close("Freshet is shutting down");
        }
    }
}
