using System.Collections.Concurrent;
using System.Diagnostics;
using Freshet.Core.Wire;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Proxy.Cancel;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.State;
using Freshet.Server.Proxy.Tls;

namespace Freshet.Server.Proxy.Pools;

/// <summary>
/// The server connections of one database and user, lent to clients of all loops.
/// <para>One short lock guards the lists; no system call but epoll's happens under it. A free connection is taken
/// from the asking loop's own idle stack (most recently used first, so that the others can age out), else from another
/// loop's. Without one, the client queues with its loop; a connection that comes free goes to the first waiter of its
/// own loop, or to another loop's when that one has waited more than <see cref="LoopPreference"/> longer: strictly
/// first come, first served within a loop, and within that bound between loops.</para>
/// </summary>
internal sealed class Pool
{
    /// <summary>How much longer the first waiter of another loop must have waited to be served first: a hand-over
    /// between threads costs about this much.</summary>
    internal static readonly long LoopPreference = Stopwatch.Frequency / 2000;

    /// <summary>Remembered sets of start-up settings; beyond it a login waits for a server connection.</summary>
    private const int MostWelcomes = 1000;

    private readonly ProxyState _proxy;
    private readonly Lock _lock = new();
    private readonly PoolQueues _queues;
    private readonly PoolLauncher _launcher;
    private readonly ConcurrentDictionary<SettingsSet, Welcome> _welcomes = new();
    private volatile DatabaseSnapshot _database;
    private int _clients;
    private int _generation;
    private int _isUnknownTold;

    public Pool(ProxyState proxy, DatabaseSnapshot database, string databaseName, string userName, TlsContext? tls)
    {
        _proxy = proxy;
        _database = database;
        DatabaseName = databaseName;
        UserName = userName;
        TlsForServers = tls;
        _queues = new PoolQueues(proxy.Loops.Length);
        _launcher = new PoolLauncher(this, proxy, _queues);
        Counters = [.. proxy.Loops.Select(_ => new PoolCounters())];
    }

    public string DatabaseName { get; }

    public string UserName { get; }

    public DatabaseSnapshot Database => _database;

    public PoolSnapshot Settings => _database.Pool;

    public PoolMode Mode => _proxy.Users.Find(UserName)?.Mode ?? _database.Pool.Mode;

    public string ServerDatabase => _database.ServerDatabase ?? DatabaseName;

    public string ServerUser => _database.User ?? UserName;

    public string? ServerSecret => _database.User is null && _database.Password is null
        ? _proxy.Users.Find(UserName)?.Secret
        : _database.Password;

    /// <summary>From a client's SCRAM login, when only a verifier is known.</summary>
    public ScramKeys? ScramKeys { get; set; }

    public TlsContext? TlsForServers { get; private set; }

    public PollTable Table => _proxy.Table;

    public AddressResolver Addresses => _proxy.Addresses;

    public CancelQueues CancelQueues => _proxy.CancelQueues;

    public KeyDerivation KeyDerivation => _proxy.KeyDerivation;

    public PoolCounters[] Counters { get; }

    public int Generation => Volatile.Read(ref _generation);

    public int Clients => Volatile.Read(ref _clients);

    /// <summary>Open or opening; may be one behind when read without the lock.</summary>
    public int Servers => _queues.Servers;

    /// <summary>The body of the ErrorResponse with which the server refused the last login; null after a success.
    /// </summary>
    public string? LastFailure => _launcher.LastFailure;

    public void AddClient(int change) => Interlocked.Add(ref _clients, change);

    /// <summary>A connection for the client, on the client's loop; null when the client now waits and
    /// <see cref="ClientSession.OnAssigned"/> will be called.</summary>
    public ServerConnection? Acquire(ClientSession client)
    {
        ServerConnection? server;
        lock (_lock)
        {
            server = _queues.HasWaiters(client.Loop.Index) ? null : TakeUsable(client);
            if (server is null)
            {
                client.AwaitsServer = true;
                _queues.Enqueue(client);
                _launcher.Plan(client.Loop);
            }
        }

        _launcher.Go();
        return server;
    }

    /// <summary>The client waits no longer; false when a connection is already on its way to it.</summary>
    public bool Withdraw(ClientSession client)
    {
        lock (_lock)
        {
            return _queues.Remove(client);
        }
    }

    /// <summary>A clean, unlinked connection comes back; on its own loop.</summary>
    public void Release(ServerConnection server)
    {
        ClientSession? waiter = null;
        bool close;
        lock (_lock)
        {
            server.Client = null;
            close = MustClose(server);
            if (!close && server.CancelsUnderWay > 0)
            {
                server.MoveTo(server.Loop, ServerState.Cleaning);
                return;
            }

            if (!close)
            {
                waiter = _queues.PickWaiter(server.Loop.Index, LoopPreference);
                if (waiter is not null && !waiter.ServerStartup.Equals(server.Startup))
                {
                    _queues.PutBack(waiter);
                    waiter = null;
                    close = true;
                }
                else if (waiter is null)
                {
                    server.IdleSince = server.Loop.Now;
                    server.MoveTo(server.Loop, ServerState.Idle);
                    _queues.PushIdle(server);
                }
            }
        }

        if (close)
        {
            server.Close("released");
        }
        else if (waiter is not null)
        {
            ServerTransfer.HandOver(server, waiter);
        }
    }

    /// <summary>Logged in: learns what the server reports, then lends it.</summary>
    public void OnServerReady(ServerConnection server)
    {
        Counters[server.Loop.Index].ServerConnects++;
        if (_launcher.OnReady(server))
        {
            _welcomes.Clear();
        }

        if (server.Primary is { } primary)
        {
            server.Membership = _proxy.Cache.Enter(this)?.Freshness.Primary.Join(primary);
        }

        server.MoveTo(server.Loop, ServerState.Active);
        if (server.Client is { } reserved)
        {
            reserved.OnAssigned(server);
        }
        else
        {
            Release(server);
        }
    }

    public void OnServerClosed(ServerConnection server, ServerState was, string reason)
    {
        List<ClientSession>? failed = null;
        server.Membership?.Dispose();
        lock (_lock)
        {
            _queues.Forget(server);
            if (was == ServerState.Login)
            {
                Counters[server.Loop.Index].ServerConnectFailures++;
                _launcher.OnFailed(server, reason);
                failed = TakeFailedLogins(server);
            }

            _launcher.Plan(server.Loop);
        }

        if (was == ServerState.Login)
        {
            _proxy.Log.Write(ProxyLogLevel.Warning, $"pool {DatabaseName}/{UserName}: {reason}");
        }

        if (failed is { Count: > 0 })
        {
            byte[] error = server.Refusal is { } told
                ? ClientErrors.ServerError(ErrorFields.Read(told))
                : ClientErrors.NoServer(reason);
            failed.ForEach(client => client.Loop.Post(() => client.CloseWith(error)));
        }

        _launcher.Go();
    }

    /// <summary>A connection of the client's own that is never pooled: for replication.</summary>
    public void OpenDedicated(ClientSession client, string replication)
    {
        var server = new ServerConnection(this, client.Loop, client.ServerStartup, replication) { Client = client };
        lock (_lock)
        {
            _queues.Add(server);
        }

        server.Start();
    }

    /// <summary>Closes the idle connection that was unused longest: another pool of the database needs its place.
    /// </summary>
    public void CloseOldestIdle()
    {
        ServerConnection? server;
        lock (_lock)
        {
            server = _queues.PopOldestIdle();
            server?.MoveTo(server.Loop, ServerState.Cleaning);
        }

        server?.Loop.Post(() => server.Close("made room for another pool of the database"));
    }

    /// <summary>Takes an idle connection out of the list to hear what it says; false when somebody else took it.
    /// </summary>
    public bool TryInspect(ServerConnection server)
    {
        lock (_lock)
        {
            if (server.State != ServerState.Idle)
            {
                return false;
            }

            _queues.RemoveIdle(server);
            server.MoveTo(server.Loop, ServerState.Inspected);
            return true;
        }
    }

    public void EndInspection(ServerConnection server)
    {
        if (server.IsClean)
        {
            Release(server);
        }
        else
        {
            server.Close("an idle server connection became unusable");
        }
    }

    public void OnProtocolError(string side, string what)
    {
        Interlocked.Increment(ref _proxy.Counters.ProtocolErrors);
        _proxy.Log.Write(ProxyLogLevel.Warning, $"pool {DatabaseName}/{UserName}: {side} broke the protocol: {what}");
    }

    /// <summary>A server does not say which primary it is. Told once: the next connection will hear the same.
    /// </summary>
    public void OnPrimaryUnknown(string reason)
    {
        if (Interlocked.Exchange(ref _isUnknownTold, 1) == 0)
        {
            _proxy.Log.Write(
                ProxyLogLevel.Warning,
                $"pool {DatabaseName}/{UserName}: {Database.Target} does not tell which primary it is, so nothing is "
                + $"cached by its changes: {reason}");
        }
    }

    public Welcome? FindWelcome(SettingsSet startup) => _welcomes.GetValueOrDefault(startup);

    public void AddWelcome(SettingsSet startup, Welcome welcome)
    {
        if (_welcomes.Count < MostWelcomes)
        {
            _welcomes.TryAdd(startup, welcome);
        }
    }

    /// <summary>New limits at once; another address or TLS closes the connections as they come free.</summary>
    public void Reload(DatabaseSnapshot database, TlsContext? tls)
    {
        DatabaseSnapshot old = _database;
        TlsForServers = tls;
        _database = database;
        if (old with { Pool = database.Pool, MaxConnections = database.MaxConnections } != database)
        {
            Interlocked.Increment(ref _generation);
            ScramKeys = null;
            _welcomes.Clear();
        }
    }

    /// <summary>Time limits and upkeep of what belongs to this loop.</summary>
    public void Tick(EventLoop loop)
    {
        PoolUpkeep.Run(this, loop, _queues, _lock);
        lock (_lock)
        {
            _launcher.Plan(loop);
        }

        _launcher.Go();
    }

    /// <summary>Clients that are still logging in are told at once; established sessions go on waiting for the server
    /// to come back, up to the wait timeout: PgBouncer's rule. Where the server may only dislike one session's
    /// settings, clients with others try for themselves.</summary>
    private List<ClientSession> TakeFailedLogins(ServerConnection server)
    {
        bool noneOpen = !_queues.All.Any(other => other.State != ServerState.Login);
        if (server.Startup.Count > 0 && (server.Refusal is not null || !noneOpen))
        {
            return _queues.TakeLoggingIn(server.Startup);
        }

        return noneOpen ? _queues.TakeLoggingIn(null) : [];
    }

    private bool MustClose(ServerConnection server) =>
        !server.IsClean
        || server.Generation != Generation
        || server.Membership is { IsOutdated: true }
        || server.Replication is not null
        || (Settings.ServerLifetime > TimeSpan.Zero
            && Stopwatch.GetElapsedTime(server.CreatedAt, server.Loop.Now) > Settings.ServerLifetime)
        || _queues.Servers > Settings.Size + Settings.ReserveSize;

    public PoolCensus TakeCensus()
    {
        lock (_lock)
        {
            return _queues.TakeCensus();
        }
    }

    private ServerConnection? TakeUsable(ClientSession client)
    {
        while (_queues.PopIdle(client.Loop.Index, client.ServerStartup) is { } server)
        {
            // The tick closes those that are too old; a dead one shows itself here if its event has not come yet.
            bool rested = Stopwatch.GetElapsedTime(server.IdleSince, client.Loop.Now) > TimeSpan.FromSeconds(1);
            bool fits = server.Generation == Generation && server.Membership is not { IsOutdated: true };
            if (fits && (!rested || server.Transport!.LooksIdle()))
            {
                ServerTransfer.Move(server, client.Loop);
                return server;
            }

            ServerTransfer.Discard(server);
        }

        return null;
    }
}
