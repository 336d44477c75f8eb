using System.Collections.Concurrent;

namespace Freshet.Server.Proxy.Loop;

/// <summary>
/// Letters from other threads to a loop: another loop that hands over a server connection, or the control plane. The
/// number of letters is bounded by what sends them: one per moved server connection, per cancel request (which the
/// client limit bounds), per derivation of keys (one per login to a server) and per control command. An eventfd wakes
/// the loop; while one wake-up is pending, further letters do not write to it.
/// </summary>
internal sealed unsafe class Mailbox : IDisposable
{
    private readonly ConcurrentQueue<Action> _letters = new();
    private readonly int _eventFd;
    private int _wakePending;
    private volatile bool _disposed;

    public Mailbox()
    {
        _eventFd = Native.eventfd(0, Native.EventFdNonblock | Native.EventFdCloexec);
        if (_eventFd < 0)
        {
            throw new IOException("eventfd: no descriptor left; raise the limit of open files (ulimit -n)");
        }
    }

    public int Descriptor => _eventFd;

    public void Post(Action letter)
    {
        _letters.Enqueue(letter);
        if (!_disposed && Interlocked.Exchange(ref _wakePending, 1) == 0)
        {
            ulong one = 1;
            _ = Native.write(_eventFd, (byte*)&one, sizeof(ulong));
        }
    }

    /// <summary>Loop thread only: takes the wake-up back, then the letters, so that none can be missed.</summary>
    public void Clear()
    {
        ulong count;
        _ = Native.read(_eventFd, (byte*)&count, sizeof(ulong));
        Volatile.Write(ref _wakePending, 0);
        Interlocked.MemoryBarrier();
    }

    public bool TryTake(out Action letter) => _letters.TryDequeue(out letter!);

    /// <summary>Its number may belong to somebody else from here on: late letters must not write to it.</summary>
    public void Dispose()
    {
        _disposed = true;
        _ = Native.close(_eventFd);
    }
}
