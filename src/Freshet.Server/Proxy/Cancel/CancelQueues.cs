using System.Collections.Concurrent;
using Freshet.Server.Proxy.Pools;

namespace Freshet.Server.Proxy.Cancel;

/// <summary>One queue of cancel requests for each server address, whatever pools and loops they come from; the
/// configuration bounds their number.</summary>
internal sealed class CancelQueues(ProxyCounters counters)
{
    private readonly ConcurrentDictionary<string, CancelQueue> _queues = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Requests that wait for their turn.</summary>
    public int Waiting => _queues.Values.Sum(queue => queue.Waiting);

    public CancelQueue For(Pool pool) =>
        _queues.GetOrAdd(pool.Database.Target, static (_, counted) => new CancelQueue(counted), counters);
}
