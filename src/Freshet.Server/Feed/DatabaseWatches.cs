using System.Collections.Concurrent;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Pools;

namespace Freshet.Server.Feed;

/// <summary>The databases that are followed, from their first client on.</summary>
internal sealed class DatabaseWatches(IProxyLog log) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<DatabaseCache, DatabaseWatch> _watches = new();

    /// <summary>Of the databases that have a feed.</summary>
    public IEnumerable<DatabaseFeedStatus> Statuses =>
        from watch in _watches.Values
        let status = watch.Status
        where status is not null
        select new DatabaseFeedStatus(watch.Database.Target, watch.Database.Name, status);

    /// <summary>Begins to follow a database, with the credentials of the pool. On a loop's thread: the work is done
    /// elsewhere.</summary>
    public void Follow(DatabaseCache database, Pool pool)
    {
        // A verifier or a hash logs clients in; to log in at the server itself the password is needed in clear.
        string? secret = pool.ServerSecret;
        bool isClear = secret is not null && !Md5Password.IsHash(secret) && !ScramVerifier.TryParse(secret, out _);
        var target = new FeedServer(
            pool.Database.Host, pool.Database.Port, pool.ServerDatabase, pool.ServerUser, isClear ? secret : null,
            pool.Database.Tls);
        var watch = new DatabaseWatch(database, target, log);
        database.CatalogOutdated = watch.Wake;
        database.SettingsChanged = watch.SettingsChanged;
        if (_watches.TryAdd(database, watch))
        {
            watch.Start();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (DatabaseWatch watch in _watches.Values)
        {
            await watch.DisposeAsync();
        }
    }
}
