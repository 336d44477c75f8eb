using Freshet.Server.Proxy.Loop;

namespace Freshet.Server.Proxy.Cancel;

/// <summary>
/// Lets a bounded number of cancel requests at one server at once: each is a connection of its own there, and a flood
/// of them must not become a flood of connections. The others wait, first come, first served; each looks when its turn
/// comes whether it is still wanted. Any thread; requests begin on their own loop.
/// </summary>
/// <param name="counters">Counts what is dropped.</param>
internal sealed class CancelQueue(ProxyCounters counters)
{
    /// <summary>A server is done with one in about a millisecond.</summary>
    internal const int MostAtOnce = 16;

    internal const int MostWaiting = 1000;

    private readonly Lock _lock = new();
    private readonly Queue<(EventLoop Loop, Func<Action, bool> TryBegin)> _waiting = new();
    private int _underWay;

    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Begins the request now or later; false: too many wait already, and it is dropped.</summary>
    /// <param name="loop">The request's, and the caller's.</param>
    /// <param name="tryBegin">Begins it on that loop, with what to call once when it is over; false: it is not wanted
    /// any more.</param>
    public bool Enter(EventLoop loop, Func<Action, bool> tryBegin)
    {
        lock (_lock)
        {
            if (_underWay == MostAtOnce)
            {
                if (_waiting.Count < MostWaiting)
                {
                    _waiting.Enqueue((loop, tryBegin));
                    return true;
                }

                Interlocked.Increment(ref counters.CancelsDropped);
                return false;
            }

            _underWay++;
        }

        Begin(tryBegin);
        return true;
    }

    private void Begin(Func<Action, bool> tryBegin)
    {
        if (!tryBegin(Leave))
        {
            Interlocked.Increment(ref counters.CancelsDropped);
            Leave();
        }
    }

    /// <summary>The turn goes to the next in line.</summary>
    private void Leave()
    {
        (EventLoop Loop, Func<Action, bool> TryBegin) next;
        lock (_lock)
        {
            if (!_waiting.TryDequeue(out next))
            {
                _underWay--;
                return;
            }
        }

        next.Loop.Post(() => Begin(next.TryBegin));
    }
}
