using Freshet.Bench.HitRate.Traces;

namespace Freshet.Bench.HitRate.Policies;

/// <summary>Least recently used goes first.</summary>
internal sealed class LruCache(long mostBytes, int keys) : ICache
{
    private readonly LinkedQueue _queue = new(keys);

    /// <summary>0: not there.</summary>
    private readonly int[] _bytes = new int[keys];

    public bool Access(in Request request)
    {
        if (_bytes[request.Key] > 0)
        {
            _queue.Remove(request.Key, _bytes[request.Key]);
            _queue.Push(request.Key, _bytes[request.Key]);
            return true;
        }

        if (request.Bytes > mostBytes)
        {
            return false;
        }

        while (_queue.Bytes + request.Bytes > mostBytes)
        {
            int oldest = _queue.Oldest;
            _queue.Remove(oldest, _bytes[oldest]);
            _bytes[oldest] = 0;
        }

        _bytes[request.Key] = request.Bytes;
        _queue.Push(request.Key, request.Bytes);
        return false;
    }

    public void Dispose()
    {
    }
}
