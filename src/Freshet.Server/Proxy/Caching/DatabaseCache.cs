using System.Collections.Concurrent;
using Freshet.Core.Catalog;
using Freshet.Core.Consistency;
using Freshet.Core.Policy;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// The cache of one database of one server: what is known of its state and its definitions, its statements and
/// contexts. The control plane writes <see cref="Freshness"/>, <see cref="Catalog"/> and <see cref="Feed"/>; loops read
/// them without locks.
/// </summary>
internal sealed class DatabaseCache
{
    /// <summary>Users times settings. Sessions beyond it go past the cache.</summary>
    private const int MostContexts = 10_000;

    private readonly ConcurrentDictionary<string, CacheContext> _contexts = new(StringComparer.Ordinal);

    public DatabaseCache(CacheDirectory directory, string target, string database, DatabaseCacheSnapshot settings)
    {
        Directory = directory;
        Target = target;
        Name = database;
        Settings = settings;
        Statements = new StatementBook(this);
        Policies = new PolicyBook(this);
        Invalidator = new Invalidator(this);
        Explainer = new CacheExplainer(this);
        Waits = new FloorWaits(Freshness, directory.Loops);
        Counters = [.. Enumerable.Range(0, directory.Loops).Select(_ => new CacheCounters())];
    }

    public CacheDirectory Directory { get; }

    /// <summary>Host and port, as in logs.</summary>
    public string Target { get; }

    /// <summary>The database's name on the server.</summary>
    public string Name { get; }

    public Freshness Freshness { get; } = new();

    public DatabaseCacheSnapshot Settings { get => _settings; set => _settings = value; }

    private volatile DatabaseCacheSnapshot _settings = null!;

    /// <summary>Null until it was read: nothing is cached.</summary>
    public CatalogSnapshot? Catalog { get => _catalog; set => _catalog = value; }

    private volatile CatalogSnapshot? _catalog;

    public FeedAvailability Feed { get => _feed; set => _feed = value; }

    private volatile FeedAvailability _feed;

    /// <summary>Called when the definitions have to be read again. From any thread; must not wait.</summary>
    public Action? CatalogOutdated { get; set; }

    /// <summary>Called after a reload.</summary>
    public Action? SettingsChanged { get; set; }

    public StatementBook Statements { get; }

    public PolicyBook Policies { get; }

    /// <summary>By loop.</summary>
    public CacheCounters[] Counters { get; }

    public Invalidator Invalidator { get; }

    public CacheExplainer Explainer { get; }

    public FloorWaits Waits { get; }

    /// <summary>What a statement that asks for <paramref name="wanted"/> gets.</summary>
    public CacheMode Effective(CacheMode wanted) =>
        wanted is CacheMode.Session or CacheMode.Strict && Feed == FeedAvailability.Unavailable
            ? Settings.Fallback
            : wanted;

    /// <summary>Null: the session's results may not be cached.</summary>
    public CacheContext? FindContext(string user, SettingsSet settings)
    {
        string identity = CacheContext.Identity(user, settings);
        if (!_contexts.TryGetValue(identity, out CacheContext? context))
        {
            if (_contexts.Count >= MostContexts)
            {
                return null;
            }

            context = _contexts.GetOrAdd(
                identity, _ => new CacheContext(Directory.NextContextNumber(), this, user, settings));
        }

        return context.IsRefused ? null : context;
    }
}
