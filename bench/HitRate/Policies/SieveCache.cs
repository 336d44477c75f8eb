using Freshet.Bench.HitRate.Traces;

namespace Freshet.Bench.HitRate.Policies;

/// <summary>SIEVE (Zhang et al., NSDI 2024): one queue, a mark per entry that a hit sets, and a hand that goes from the
/// oldest to the newest, takes marks away and puts out who has none.</summary>
internal sealed class SieveCache(long mostBytes, int keys) : ICache
{
    private readonly LinkedQueue _queue = new(keys);
    private readonly int[] _bytes = new int[keys];
    private readonly bool[] _visited = new bool[keys];
    private int _hand = -1;

    public bool Access(in Request request)
    {
        if (_bytes[request.Key] > 0)
        {
            _visited[request.Key] = true;
            return true;
        }

        if (request.Bytes > mostBytes)
        {
            return false;
        }

        while (_queue.Bytes + request.Bytes > mostBytes)
        {
            PutOneOut();
        }

        _bytes[request.Key] = request.Bytes;
        _visited[request.Key] = false;
        _queue.Push(request.Key, request.Bytes);
        return false;
    }

    public void Dispose()
    {
    }

    private void PutOneOut()
    {
        int key = _hand >= 0 ? _hand : _queue.Oldest;
        while (_visited[key])
        {
            _visited[key] = false;
            key = _queue.Newer(key);
            if (key < 0)
            {
                key = _queue.Oldest;
            }
        }

        _hand = _queue.Newer(key);
        _queue.Remove(key, _bytes[key]);
        _bytes[key] = 0;
    }
}
