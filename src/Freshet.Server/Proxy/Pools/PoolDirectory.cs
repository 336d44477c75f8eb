using System.Collections.Concurrent;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Tls;

namespace Freshet.Server.Proxy.Pools;

/// <summary>All pools, by database and user, and the limits that span pools. Pools without clients and connections
/// are dropped, so that asking for ever new database names leaves nothing behind.</summary>
internal sealed class PoolDirectory(ProxyState proxy)
{
    private readonly ConcurrentDictionary<(string Database, string User), Pool> _pools = new();
    private volatile Dictionary<TlsSnapshot, TlsContext> _tls = [];
    private readonly Lock _lock = new();

    public ICollection<Pool> All => _pools.Values;

    /// <summary>The pool, with one client more in it: <see cref="Leave"/> takes it out. Null: no such database.
    /// </summary>
    public Pool? Enter(string database, string user)
    {
        if (proxy.Snapshot.FindDatabase(database) is not { } settings)
        {
            return null;
        }

        lock (_lock)
        {
            Pool pool = _pools.GetOrAdd(
                (database, user),
                key => new Pool(proxy, settings, key.Database, key.User, TlsFor(settings))
            );
            pool.AddClient(1);
            return pool;
        }
    }

    public static void Leave(Pool pool) => pool.AddClient(-1);

    /// <summary>Whether the limits over several pools leave room for one connection more. Called under the asking
    /// pool's lock, so it only counts; room is made by closing idle connections elsewhere.</summary>
    public bool MayOpen(Pool asking, EventLoop loop)
    {
        int ofDatabase = asking.Database.MaxConnections;
        int ofUser = proxy.Users.Find(asking.UserName)?.MaxConnections ?? 0;
        return HasRoom(ofDatabase, pool => SameDatabase(pool, asking), asking, loop)
            && HasRoom(
                ofUser,
                pool => string.Equals(pool.UserName, asking.UserName, StringComparison.Ordinal),
                asking,
                loop
            );
    }

    /// <summary>Reads all certificate files anew before it changes anything.</summary>
    /// <exception cref="TlsConfigurationException">A certificate cannot be used; nothing was changed.</exception>
    public void Reload(ProxySnapshot snapshot)
    {
        Dictionary<TlsSnapshot, TlsContext> contexts = [];
        foreach (
            DatabaseSnapshot database in snapshot
                .Databases.Values.Append(snapshot.AnyDatabase)
                .OfType<DatabaseSnapshot>()
        )
        {
            if (UsesTls(database.Tls) && !contexts.ContainsKey(database.Tls))
            {
                contexts.Add(database.Tls, TlsContext.ForServers(database.Tls));
            }
        }

        _tls = contexts;
        foreach (Pool pool in All)
        {
            if (snapshot.FindDatabase(pool.DatabaseName) is { } settings)
            {
                pool.Reload(settings, TlsFor(settings));
            }
        }
    }

    /// <summary>Removes what nobody uses.</summary>
    public void Sweep()
    {
        foreach (Pool pool in All)
        {
            if (pool is { Clients: 0, Servers: 0 })
            {
                lock (_lock)
                {
                    if (pool is { Clients: 0, Servers: 0 })
                    {
                        _pools.TryRemove((pool.DatabaseName, pool.UserName), out _);
                    }
                }
            }
        }
    }

    private bool HasRoom(int most, Func<Pool, bool> counts, Pool asking, EventLoop loop)
    {
        if (most <= 0)
        {
            return true;
        }

        List<Pool> counted = [.. All.Where(counts)];
        if (counted.Sum(pool => pool.Servers) < most)
        {
            return true;
        }

        loop.Post(() => counted.Where(pool => pool != asking).MaxBy(pool => pool.Servers)?.CloseOldestIdle());
        return false;
    }

    private static bool SameDatabase(Pool one, Pool other) =>
        string.Equals(one.DatabaseName, other.DatabaseName, StringComparison.Ordinal);

    private TlsContext? TlsFor(DatabaseSnapshot database) => _tls.GetValueOrDefault(database.Tls);

    private static bool UsesTls(TlsSnapshot tls) => tls.Mode != TlsMode.Disable;
}
