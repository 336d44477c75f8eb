namespace Freshet.Server.Proxy.Relay;

/// <summary>The requests sent to one server connection whose answers are due, in order. A ring that grows; the client
/// is not read any further while it holds more than <see cref="PauseAbove"/>.</summary>
internal sealed class ExpectedQueue
{
    /// <summary>More than a server can hold back: its 8 KiB of unsent output are at most 1,638 answers of five bytes,
    /// so waiting here for answers cannot deadlock a client that has not sent its Sync yet.</summary>
    internal const int PauseAbove = 8192, ResumeBelow = 4096;

    private ExpectedResponse[] _ring = new ExpectedResponse[8];
    private int _head;

    private int _local;
    private int _changes;

    /// <summary>Of the changes those with a Sync behind them: the oldest ones.</summary>
    private int _changesOfEarlierBatches;

    public int Count { get; private set; }

    /// <summary>There is something in it, and all of it is the proxy's own to answer.</summary>
    public bool OnlyLocal => _local > 0 && _local == Count;

    /// <summary>A batch that a Sync has ended may yet fail and take back what it changed about named statements: until
    /// it is answered, nobody can tell which there are.</summary>
    public bool StatementsAreOpen => _changesOfEarlierBatches > 0;

    /// <summary>A ReadyForQuery will come without the client sending any more. Looks through the whole queue.</summary>
    public bool ReadyIsDue
    {
        get
        {
            bool due = false;
            for (int i = 0; i < Count && !due; i++)
            {
                due = _ring[(_head + i) & (_ring.Length - 1)].EndsWithReady;
            }

            return due;
        }
    }

    public ref readonly ExpectedResponse Front => ref _ring[_head];

    public void Add(in ExpectedResponse expected)
    {
        _local += expected.Local ? 1 : 0;
        _changes += expected.ChangesStatements ? 1 : 0;
        if (expected.Kind == ExpectedKind.Sync)
        {
            _changesOfEarlierBatches = _changes;
        }

        if (Count == _ring.Length)
        {
            var larger = new ExpectedResponse[_ring.Length * 2];
            for (int i = 0; i < Count; i++)
            {
                larger[i] = _ring[(_head + i) & (_ring.Length - 1)];
            }

            _ring = larger;
            _head = 0;
        }

        _ring[(_head + Count++) & (_ring.Length - 1)] = expected;
    }

    public ExpectedResponse Take()
    {
        ExpectedResponse front = _ring[_head];
        _ring[_head] = default;
        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
        _local -= front.Local ? 1 : 0;
        if (front.ChangesStatements)
        {
            _changes--;
            _changesOfEarlierBatches = Math.Max(0, _changesOfEarlierBatches - 1);
        }

        return front;
    }

    /// <summary>Removes the Syncs up to the end of the copy: a server that copies in ignores them. Tells how many there
    /// were, and whether the client has sent the end already.</summary>
    public int RemoveSyncs(out bool ended)
    {
        int removed = 0;
        ended = false;
        for (int left = Count; left > 0; left--)
        {
            ExpectedResponse expected = Take();
            if (expected.Kind == ExpectedKind.CopyEnd && !ended)
            {
                ended = true;
            }
            else if (expected.Kind == ExpectedKind.Sync && !ended)
            {
                removed++;
            }
            else
            {
                Add(expected);
            }
        }

        return removed;
    }

    /// <summary>Gives a grown ring back when nothing is due any more.</summary>
    public void Shrink()
    {
        if (Count == 0 && _ring.Length > 256)
        {
            _ring = new ExpectedResponse[8];
            _head = 0;
        }
    }
}
