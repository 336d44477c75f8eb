using System.Collections.Concurrent;

namespace Freshet.Server.Proxy.Caching;

/// <summary>The queries whose results are on their way into the store, by the hash of their key: one for each, the
/// others wait for it. Keys of the same hash wait for each other in vain, once. Any thread.</summary>
internal sealed class Flights
{
    private readonly ConcurrentDictionary<ulong, Fill> _byHash = new();

    /// <summary>Queries under way whose result others may wait for.</summary>
    public int Count => _byHash.Count;

    public Fill? Find(ulong hash) => _byHash.GetValueOrDefault(hash);

    /// <summary>Makes it the one that others wait for, unless there is one.</summary>
    public void Add(Fill fill) => _byHash.TryAdd(fill.Hash, fill);

    public void Remove(Fill fill) => _byHash.TryRemove(KeyValuePair.Create(fill.Hash, fill));
}
