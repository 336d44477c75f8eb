using System.Collections.Immutable;
using System.Security.Cryptography;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Cancel;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Statements;
using Freshet.Server.Proxy.Tls;

namespace Freshet.Server.Proxy;

/// <summary>What all loops share: the present snapshot and the live directories. Each part says itself who may touch
/// it on which thread.</summary>
internal sealed class ProxyState
{
    private volatile ProxySnapshot _snapshot;
    private volatile TlsContext? _clientTls;
    private volatile UserDirectory _users;

    public ProxyState(ProxySnapshot snapshot, IProxyLog log)
    {
        _snapshot = snapshot;
        Log = log;
        _users = new UserDirectory(snapshot, MockKey);
        _clientTls = snapshot.ClientTls.Mode == TlsMode.Disable ? null : TlsContext.ForClients(snapshot.ClientTls);
        Table = new PollTable();
        Loops = [.. Enumerable.Range(0, snapshot.Threads).Select(index => new EventLoop(index, Table, log))];
        Cache = new CacheDirectory(snapshot.Cache, Loops.Length);
        LoopCaches = [.. Loops.Select(loop => new LoopCache(Cache, loop))];
        Cache.Progressed = database =>
        {
            foreach (LoopCache cache in LoopCaches)
            {
                cache.OnProgress(database);
            }
        };
        CancelQueues = new CancelQueues(Counters);
        Pools = new PoolDirectory(this);
        Pools.Reload(snapshot);
    }

    public ProxySnapshot Snapshot => _snapshot;

    public TlsContext? ClientTls => _clientTls;

    public UserDirectory Users => _users;

    public IProxyLog Log { get; }

    public PollTable Table { get; }

    public ImmutableArray<EventLoop> Loops { get; }

    public CacheDirectory Cache { get; }

    /// <summary>By loop.</summary>
    public ImmutableArray<LoopCache> LoopCaches { get; }

    public PoolDirectory Pools { get; }

    public StatementCache Statements { get; } = new();

    public CancelDirectory Cancels { get; } = new();

    public CancelQueues CancelQueues { get; }

    public AddressResolver Addresses { get; } = new();

    public KeyDerivation KeyDerivation { get; } = new();

    public ProxyCounters Counters { get; } = new();

    /// <summary>No new clients; sessions end as they become idle.</summary>
    public volatile bool Draining;

    /// <summary>Fakes the SCRAM exchange of users that do not exist; new with every process.</summary>
    private byte[] MockKey { get; } = RandomNumberGenerator.GetBytes(32);

    /// <exception cref="TlsConfigurationException">A certificate cannot be used; nothing was changed.</exception>
    public void Reload(ProxySnapshot snapshot)
    {
        TlsContext? clientTls =
            snapshot.ClientTls.Mode == TlsMode.Disable ? null : TlsContext.ForClients(snapshot.ClientTls);
        Pools.Reload(snapshot);
        Cache.Reload(snapshot.Cache, Pools.All);
        _clientTls = clientTls;
        _users = new UserDirectory(snapshot, MockKey);
        _snapshot = snapshot;
    }
}
