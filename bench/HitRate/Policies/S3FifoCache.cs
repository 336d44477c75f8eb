using Freshet.Bench.HitRate.Traces;

namespace Freshet.Bench.HitRate.Policies;

/// <summary>S3-FIFO (Yang et al., SOSP 2023): a small queue of a tenth, a main queue, and a queue of ghosts with as
/// many bytes as main; a counter to three per entry. One use in small is enough to get into main.</summary>
internal sealed class S3FifoCache(long mostBytes, int keys) : ICache
{
    private readonly long _mostSmall = mostBytes / 10;
    private readonly LinkedQueue _small = new(keys), _main = new(keys), _ghost = new(keys);
    private readonly int[] _bytes = new int[keys];
    private readonly int[] _ghostBytes = new int[keys];
    private readonly byte[] _frequency = new byte[keys];

    public bool Access(in Request request)
    {
        int key = request.Key;
        if (_bytes[key] > 0)
        {
            _frequency[key] = (byte)Math.Min(3, _frequency[key] + 1);
            return true;
        }

        if (request.Bytes > mostBytes)
        {
            return false;
        }

        bool wasGhost = _ghostBytes[key] > 0;
        if (wasGhost)
        {
            _ghost.Remove(key, _ghostBytes[key]);
            _ghostBytes[key] = 0;
        }

        while (_small.Bytes + _main.Bytes + request.Bytes > mostBytes)
        {
            if (_small.Count > 0 && (_small.Bytes >= _mostSmall || _main.Count == 0))
            {
                EvictFromSmall();
            }
            else
            {
                EvictFromMain();
            }
        }

        _bytes[key] = request.Bytes;
        _frequency[key] = 0;
        (wasGhost ? _main : _small).Push(key, request.Bytes);
        return false;
    }

    public void Dispose()
    {
    }

    private void EvictFromSmall()
    {
        int key = _small.Oldest;
        _small.Remove(key, _bytes[key]);
        if (_frequency[key] > 0)
        {
            _frequency[key] = 0;
            _main.Push(key, _bytes[key]);
            return;
        }

        _ghostBytes[key] = _bytes[key];
        _ghost.Push(key, _bytes[key]);
        _bytes[key] = 0;
        while (_ghost.Bytes > mostBytes - _mostSmall)
        {
            int oldest = _ghost.Oldest;
            _ghost.Remove(oldest, _ghostBytes[oldest]);
            _ghostBytes[oldest] = 0;
        }
    }

    private void EvictFromMain()
    {
        int key = _main.Oldest;
        _main.Remove(key, _bytes[key]);
        if (_frequency[key] > 0)
        {
            _frequency[key]--;
            _main.Push(key, _bytes[key]);
            return;
        }

        _bytes[key] = 0;
    }
}
