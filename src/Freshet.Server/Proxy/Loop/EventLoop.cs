using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Freshet.Server.Proxy.Loop;

/// <summary>
/// One thread, one epoll, run to completion. All that happens to a client or to a server connection that the loop
/// owns happens on this thread, one event after the other; nothing here waits but <c>epoll_wait</c>.
/// Level-triggered: whoever leaves bytes unread is called again, whoever cannot take more turns its interest off.
/// </summary>
internal sealed unsafe class EventLoop : IDisposable
{
    /// <summary>Bytes taken from a socket at once: what a TCP receive buffer typically holds.</summary>
    internal const int ScratchBytes = 64 * 1024;

    /// <summary>Most bytes of an incomplete message that may wait in front of what is read next: the longest
    /// statement that can be shared.</summary>
    internal const int MostCarried = 256 * 1024;

    private const int EventsAtOnce = 256;
    private const int TickMilliseconds = 100;

    private readonly int _epoll;
    private readonly Mailbox _mailbox = new();
    private readonly PollTable _table;
    private readonly IProxyLog _log;
    private readonly Queue<IPollHandler> _again = new();
    private readonly Thread _thread;
    private readonly Action _tick;
    private volatile bool _stopped;
    private long _brokenInvariants;
    private long _allocated;
    private long _alarmAt = long.MaxValue;

    public EventLoop(int index, PollTable table, IProxyLog log)
    {
        Index = index;
        _table = table;
        _log = log;
        _epoll = Native.epoll_create1(Native.EpollCloexec);
        if (_epoll < 0)
        {
            throw new IOException("epoll_create1: " + Native.ErrorText(Marshal.GetLastSystemError()));
        }

        _tick = () => Tick?.Invoke(this);
        Control(Native.EpollCtlAdd, _mailbox.Descriptor, Native.EpollIn, ulong.MaxValue);
        _thread = new Thread(Run) { IsBackground = true, Name = "freshet-loop-" + index };
    }

    public int Index { get; }

    public BufferPool Buffers { get; } = new();

    /// <summary>Where a readable connection's bytes land; valid only inside one call of a handler.</summary>
    public byte[] Inbound { get; } = GC.AllocateUninitializedArray<byte>(MostCarried + ScratchBytes, pinned: true);

    /// <summary>Where output is put together that is not a plain run of input bytes; same validity.</summary>
    public byte[] Staging { get; } = GC.AllocateUninitializedArray<byte>(ScratchBytes, pinned: true);

    /// <summary><see cref="Stopwatch"/> ticks when the present batch of events was taken.</summary>
    public long Now { get; private set; } = Stopwatch.GetTimestamp();

    /// <summary>Bytes that its thread has put on the managed heap, as of the last tick. Any thread.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocated);

    public long BrokenInvariants => Volatile.Read(ref _brokenInvariants);

    /// <summary>Ten times a second, for time limits; set before <see cref="Start"/>.</summary>
    public Action<EventLoop>? Tick { get; set; }

    /// <summary>Called once the moment of <see cref="WakeBy"/> has come; set before <see cref="Start"/>.</summary>
    public Action? Alarm { get; set; }

    public bool IsCurrent => Thread.CurrentThread == _thread;

    public void Start() => _thread.Start();

    /// <summary>From any thread: runs <paramref name="letter"/> on the loop's thread.</summary>
    public void Post(Action letter) => _mailbox.Post(letter);

    /// <summary>Calls the handler once more in this round: decrypted bytes are waiting that epoll cannot see.</summary>
    public void CallAgain(IPollHandler handler) => _again.Enqueue(handler);

    /// <summary>Loop thread only: <see cref="Alarm"/> is called at <paramref name="ticks"/> of
    /// <see cref="Stopwatch"/> or up to a millisecond later; of several moments only the earliest is kept.</summary>
    public void WakeBy(long ticks) => _alarmAt = Math.Min(_alarmAt, ticks);

    public void Control(int operation, int fd, uint events, ulong id)
    {
        byte* entry = stackalloc byte[16];
        *(uint*)entry = events;
        *(ulong*)(entry + Native.EventDataOffset) = id;
        if (Native.epoll_ctl(_epoll, operation, fd, entry) < 0)
        {
            throw new IOException("epoll_ctl: " + Native.ErrorText(Marshal.GetLastSystemError()));
        }
    }

    /// <summary>Takes a descriptor out from any thread: epoll itself is thread-safe.</summary>
    public void Remove(int fd)
    {
        byte* entry = stackalloc byte[16];
        _ = Native.epoll_ctl(_epoll, Native.EpollCtlDel, fd, entry);
    }

    public void Dispose()
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        Post(static () => { });
        if (_thread.IsAlive && !IsCurrent)
        {
            _thread.Join();
        }

        _mailbox.Dispose();
        _ = Native.close(_epoll);
    }

    private void Run()
    {
        byte* events = stackalloc byte[EventsAtOnce * 16];
        long tickTicks = Stopwatch.Frequency * TickMilliseconds / 1000;
        long nextTick = Stopwatch.GetTimestamp() + tickTicks;
        while (!_stopped)
        {
            int ready = Native.epoll_wait(_epoll, events, EventsAtOnce, _again.Count > 0 ? 0 : MostWait());
            Now = Stopwatch.GetTimestamp();
            for (int i = 0; i < ready; i++)
            {
                byte* entry = events + (i * Native.EventSize);
                Serve(*(ulong*)(entry + Native.EventDataOffset), *(uint*)entry);
            }

            for (int left = _again.Count; left > 0; left--)
            {
                Call(_again.Dequeue(), Native.EpollIn);
            }

            if (Now >= _alarmAt && Alarm is { } alarm)
            {
                _alarmAt = long.MaxValue;
                Guard(alarm);
            }

            if (Now >= nextTick)
            {
                nextTick = Now + tickTicks;
                Guard(_tick);
                Volatile.Write(ref _allocated, GC.GetAllocatedBytesForCurrentThread());
            }
        }
    }

    private int MostWait()
    {
        if (_alarmAt == long.MaxValue)
        {
            return TickMilliseconds;
        }

        long left = (_alarmAt - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency;
        return (int)Math.Clamp(left + 1, 0, TickMilliseconds);
    }

    private void Serve(ulong id, uint events)
    {
        if (id == ulong.MaxValue)
        {
            _mailbox.Clear();
            while (_mailbox.TryTake(out Action letter))
            {
                Guard(letter);
            }
        }
        else if (_table.Find(id) is { } handler)
        {
            Call(handler, events);
        }
    }

    private void Call(IPollHandler handler, uint events)
    {
        try
        {
            handler.OnReady(this, events);
        }
        catch (Exception defect)
        {
            Report(defect);
            AbortGuarded(handler);
        }
    }

    /// <summary>Apart from <see cref="Call"/>, which would otherwise make a closure for every event.</summary>
    private void AbortGuarded(IPollHandler handler) => Guard(() => handler.Abort("an internal error; see the log"));

    /// <summary>A defect costs the connection that showed it, never the process; it is counted and logged.</summary>
    private void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception defect)
        {
            Report(defect);
        }
    }

    private void Report(Exception defect)
    {
        Interlocked.Increment(ref _brokenInvariants);
        _log.Write(ProxyLogLevel.Error, "broken invariant: " + defect);
    }
}
