using System.Collections.Concurrent;
using Freshet.Core.Cache;
using Freshet.Core.Consistency;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Proxy.Caching;

/// <summary>All of the result cache: the store, which all databases share, and the databases. Any thread.</summary>
internal sealed class CacheDirectory : IDisposable
{
    private readonly ConcurrentDictionary<(string Target, string Database), DatabaseCache> _databases = new();
    private int _lastContext;

    public CacheDirectory(CacheSnapshot settings, int loops)
    {
        Settings = settings;
        Loops = loops;
        Store = new ResultStore(settings.SizeBytes, loops);
    }

    public CacheSnapshot Settings { get => _settings; private set => _settings = value; }

    private volatile CacheSnapshot _settings = null!;

    public int Loops { get; }

    public ResultStore Store { get; }

    public Flights Flights { get; } = new();

    public StatementTable Statements { get; } = new();

    public IEnumerable<DatabaseCache> Databases => _databases.Values;

    /// <summary>Called when the first client of a database comes whose mode is not off, with that client's pool: the
    /// control plane then begins to follow the database. On a loop's thread; must not wait. Set before the loops start.
    /// </summary>
    public Action<DatabaseCache, Pool>? Opened { get; set; }

    /// <summary>Called on a feed's thread when something came that a loop may wait for. Set before the loops start.
    /// </summary>
    public Action<DatabaseCache>? Progressed { get; set; }

    /// <summary>Called when a statement's result differed from the stored one of the same state. On a loop's thread.
    /// </summary>
    public Action<DatabaseCache, CachedStatement>? Mistrusted { get; set; }

    public int NextContextNumber() => Interlocked.Increment(ref _lastContext);

    /// <summary>The cache of a pool's database; null when its mode is off.</summary>
    public DatabaseCache? Enter(Pool pool)
    {
        DatabaseCacheSnapshot settings = pool.Database.Cache;
        if (!settings.IsEnabled)
        {
            return null;
        }

        (string, string) key = (pool.Database.Target, pool.ServerDatabase);
        if (!_databases.TryGetValue(key, out DatabaseCache? database))
        {
            var added = new DatabaseCache(this, pool.Database.Target, pool.ServerDatabase, settings);
            database = _databases.GetOrAdd(key, added);
            if (ReferenceEquals(database, added))
            {
                added.Freshness.Progressed = () => OnProgress(added);
                Opened?.Invoke(added, pool);
            }
        }

        return database;
    }

    /// <summary>New limits at once. A database whose mode was off is followed from its next client on.</summary>
    public void Reload(CacheSnapshot settings, IEnumerable<Pool> pools)
    {
        foreach (Pool pool in pools)
        {
            if (_databases.TryGetValue((pool.Database.Target, pool.ServerDatabase), out DatabaseCache? database))
            {
                database.Settings = pool.Database.Cache;
                database.SettingsChanged?.Invoke();
            }
        }

        CacheSnapshot old = Settings;
        Settings = settings;
        if (settings.SizeBytes != old.SizeBytes)
        {
            Store.Resize(settings.SizeBytes);
        }
    }

    public void Dispose() => Store.Dispose();

    private void OnProgress(DatabaseCache database)
    {
        Progressed?.Invoke(database);
        if (database.Catalog is { } catalog && catalog.SchemaVersion != database.Freshness.SchemaVersion)
        {
            database.CatalogOutdated?.Invoke();
        }
    }
}
