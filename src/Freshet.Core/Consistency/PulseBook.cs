using System.Diagnostics;

namespace Freshet.Core.Consistency;

/// <summary>
/// The pulses of one database: questions to the primary for its snapshot and insert LSN, one at a time, asked for
/// whoever waits at that moment. A <em>ticket</em> is the number of the first pulse that begins after it was drawn;
/// that pulse's LSN, or a later one's, is the floor that the ticket stands for.
/// <para>Tickets are drawn and floors read by any thread without a lock. <see cref="Begin"/> and <see cref="End"/>
/// belong to whoever asks the primary.</para>
/// </summary>
internal sealed class PulseBook
{
    /// <summary>Floors of earlier pulses that are kept: a later one than needed only makes a reader wait longer.
    /// </summary>
    private const int Kept = 256;

    private readonly Freshness _freshness;
    private readonly long[] _floors = new long[Kept];
    private readonly long[] _startTicks = new long[Kept];
    private long _begun;
    private long _done;
    private long _oldest = 1;
    private long _wanted;
    private long _urgent;
    private long _urgentWishes;
    private long _caughtUpAt;
    private long _aheadLsn;
    private long _aheadTicks;

    internal PulseBook(Freshness freshness) => _freshness = freshness;

    /// <summary>Called when the first wish for a pulse comes up, and when a wish becomes urgent. On the wisher's
    /// thread; must not wait. Set once, by the feed.</summary>
    public Action? Wake { get; set; }

    /// <summary>Pulses begun so far.</summary>
    public long Begun => Volatile.Read(ref _begun);

    /// <summary>Pulses that answered, or were given up by a break.</summary>
    public long Done => Volatile.Read(ref _done);

    /// <summary>Somebody waits for a pulse that has not begun.</summary>
    public bool IsWanted => Volatile.Read(ref _wanted) > Volatile.Read(ref _begun);

    /// <summary>Somebody's hit waits for it, not only a result's storing.</summary>
    public bool IsUrgent => Volatile.Read(ref _urgent) > Volatile.Read(ref _begun);

    /// <summary>How often a client has asked for one so far, for the same one or another.</summary>
    public long UrgentWishes => Volatile.Read(ref _urgentWishes);

    /// <summary><see cref="Stopwatch"/> ticks of the latest moment whose commits are known to be noted: everything that
    /// was committed before it is at or below <see cref="Freshness.Position"/>. How stale a hit can be at
    /// most.</summary>
    public long CaughtUpAt => Volatile.Read(ref _caughtUpAt);

    /// <summary>Draws a ticket for a pulse that begins after now.</summary>
    public long Next => Volatile.Read(ref _begun) + 1;

    /// <summary>Asks that the pulse of this ticket be run.</summary>
    /// <param name="ticket">From <see cref="Next"/>.</param>
    /// <param name="urgent">A client waits for it.</param>
    public void Want(long ticket, bool urgent)
    {
        bool wake = Raise(ref _wanted, ticket);
        if (urgent)
        {
            Interlocked.Increment(ref _urgentWishes);
            wake |= Raise(ref _urgent, ticket);
        }

        if (wake)
        {
            Wake?.Invoke();
        }
    }

    /// <summary>The floor that a ticket stands for: the LSN of the earliest pulse known that began after the ticket was
    /// drawn. False: no such pulse has answered yet.</summary>
    public bool TryGetFloor(long ticket, out Lsn floor)
    {
        while (true)
        {
            long done = Volatile.Read(ref _done);
            long oldest = Math.Max(Volatile.Read(ref _oldest), done - Kept + 2);
            long pulse = Math.Max(ticket, oldest);
            floor = new Lsn((ulong)Volatile.Read(ref _floors[pulse % Kept]));
            if (pulse > done)
            {
                return false;
            }

            // The slot may have been written again meanwhile: then a later pulse serves.
            if (Volatile.Read(ref _done) - pulse < Kept - 1 && Volatile.Read(ref _oldest) <= pulse)
            {
                return true;
            }
        }
    }

    /// <summary>A pulse begins; its query is sent after this returns.</summary>
    /// <param name="epoch">To be handed to <see cref="End"/>.</param>
    /// <returns>Its number.</returns>
    public long Begin(out long epoch)
    {
        epoch = _freshness.Epoch;
        long number = Interlocked.Increment(ref _begun);
        _startTicks[number % Kept] = Stopwatch.GetTimestamp();
        return number;
    }

    /// <summary>The primary has answered.</summary>
    /// <returns>False when the stream broke in between: the answer tells nothing then.</returns>
    public bool End(long number, long epoch, Lsn insertPosition, VisibilitySnapshot snapshot) =>
        _freshness.Confirm(epoch, snapshot, () => Finish(number, insertPosition));

    /// <summary>Under the writers' lock: positions found so far belong to another stream.</summary>
    internal void Forget()
    {
        Volatile.Write(ref _oldest, Volatile.Read(ref _begun) + 1);
        _aheadLsn = 0;
    }

    /// <summary>Under the writers' lock: the stream has come to <paramref name="position"/>.</summary>
    internal void Reached(Lsn position)
    {
        if (_aheadLsn != 0 && (ulong)_aheadLsn <= position.Value)
        {
            Volatile.Write(ref _caughtUpAt, _aheadTicks);
            _aheadLsn = 0;
        }
    }

    private void Finish(long number, Lsn insertPosition)
    {
        // Pulses that failed in between have no answer of their own: this later one serves for them.
        for (long pulse = Math.Max(_done, number - Kept) + 1; pulse <= number; pulse++)
        {
            Volatile.Write(ref _floors[pulse % Kept], (long)insertPosition.Value);
        }

        Volatile.Write(ref _done, number);
        if (_freshness.Position >= insertPosition)
        {
            Volatile.Write(ref _caughtUpAt, _startTicks[number % Kept]);
            _aheadLsn = 0;
        }
        else if (_aheadLsn == 0)
        {
            _aheadLsn = (long)insertPosition.Value;
            _aheadTicks = _startTicks[number % Kept];
        }
    }

    private static bool Raise(ref long field, long value)
    {
        long present = Volatile.Read(ref field);
        while (present < value)
        {
            long seen = Interlocked.CompareExchange(ref field, value, present);
            if (seen == present)
            {
                return true;
            }

            present = seen;
        }

        return false;
    }
}
