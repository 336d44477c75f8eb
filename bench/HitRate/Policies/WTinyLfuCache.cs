using Freshet.Bench.HitRate.Traces;

namespace Freshet.Bench.HitRate.Policies;

/// <summary>
/// W-TinyLFU (Einziger, Friedman and Manes, ACM TOS 2017): a window of 1 % that is an LRU; a main part that is a
/// segmented LRU with 80 % protected; who leaves the window gets into main only if the sketch has seen it more often
/// than those whom it would put out (Einziger et al., "Lightweight robust size aware cache management", for sizes).
/// </summary>
internal sealed class WTinyLfuCache : ICache
{
    private enum Place : byte
    {
        Nowhere,
        Window,
        Probation,
        Protected,
    }

    private readonly long _mostWindow, _mostMain, _mostProtected;
    private readonly LinkedQueue _window, _probation, _protected;
    private readonly int[] _bytes;
    private readonly Place[] _places;
    private readonly FrequencySketch _sketch;

    public WTinyLfuCache(long mostBytes, int keys, long meanBytes)
    {
        _mostWindow = Math.Max(mostBytes / 100, meanBytes);
        _mostMain = mostBytes - _mostWindow;
        _mostProtected = _mostMain * 8 / 10;
        (_window, _probation, _protected) = (new LinkedQueue(keys), new LinkedQueue(keys), new LinkedQueue(keys));
        _bytes = new int[keys];
        _places = new Place[keys];
        _sketch = new FrequencySketch(mostBytes / meanBytes);
    }

    public bool Access(in Request request)
    {
        int key = request.Key;
        _sketch.Add(key);
        switch (_places[key])
        {
            case Place.Window:
                Move(key, _window, _window, Place.Window);
                return true;
            case Place.Protected:
                Move(key, _protected, _protected, Place.Protected);
                return true;
            case Place.Probation:
                Move(key, _probation, _protected, Place.Protected);
                while (_protected.Bytes > _mostProtected)
                {
                    Move(_protected.Oldest, _protected, _probation, Place.Probation);
                }

                return true;
            default:
                break;
        }

        if (request.Bytes > _mostMain)
        {
            return false;
        }

        _bytes[key] = request.Bytes;
        _places[key] = Place.Window;
        _window.Push(key, request.Bytes);
        while (_window.Bytes > _mostWindow)
        {
            LeaveWindow(_window.Oldest);
        }

        return false;
    }

    public void Dispose()
    {
    }

    private void LeaveWindow(int candidate)
    {
        Move(candidate, _window, _probation, Place.Probation);
        int frequency = _sketch.Frequency(candidate);
        while (_probation.Bytes + _protected.Bytes > _mostMain)
        {
            int victim = _probation.Oldest != candidate ? _probation.Oldest : _protected.Oldest;
            if (victim < 0 || frequency <= _sketch.Frequency(victim))
            {
                PutOut(candidate, _probation);
                return;
            }

            PutOut(victim, _places[victim] == Place.Probation ? _probation : _protected);
        }
    }

    private void Move(int key, LinkedQueue from, LinkedQueue to, Place place)
    {
        from.Remove(key, _bytes[key]);
        to.Push(key, _bytes[key]);
        _places[key] = place;
    }

    private void PutOut(int key, LinkedQueue queue)
    {
        queue.Remove(key, _bytes[key]);
        _bytes[key] = 0;
        _places[key] = Place.Nowhere;
    }
}
