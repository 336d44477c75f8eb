using System.Collections.Concurrent;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Servers;

namespace Freshet.Server.Proxy.Cancel;

/// <summary>One queue of cancel requests for each server address, whatever pools and loops they come from; the
/// configuration bounds their number.</summary>
internal sealed class CancelQueues(ProxyCounters counters)
{
    private readonly ConcurrentDictionary<string, CancelQueue> _queues = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Requests that wait for their turn.</summary>
    public int Waiting => _queues.Values.Sum(queue => queue.Waiting);

    /// <summary>Before a connection in the middle of a query is closed: has the backend stop too, not work for
    /// nobody. On the connection's loop.</summary>
    public void StopBackend(ServerConnection server)
    {
        var request = new CancelRequest(server);
        For(server.Pool).Enter(server.Loop, done =>
        {
            request.Send(done);
            return true;
        });
    }

    public CancelQueue For(Pool pool) =>
        _queues.GetOrAdd(pool.Database.Target, static (_, counted) => new CancelQueue(counted), counters);
}
