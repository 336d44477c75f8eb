namespace Freshet.Core.Cache;

/// <summary>
/// Which entry goes next: S3-FIFO weighed by worth. New entries queue in <em>small</em> (a tenth of the bytes); those
/// used while there, or of outstanding worth, move to <em>main</em>, the others go and leave a ghost behind: who comes
/// back soon enters main at once. In main an entry that was used goes round again, with one use less; an unused one
/// whose saved time per byte is far above what is usually put out gets up to <see cref="MostChances"/> further rounds,
/// and more the rarer its worth. Under its shard's lock.
/// </summary>
internal sealed unsafe class EvictionOrder(long mostBytes)
{
    private const int MostChances = 3;

    /// <summary>Doublings above the usual worth that earn a further round.</summary>
    private const double OutstandingWorth = 2;

    /// <summary>Evictions over which the usual worth is averaged.</summary>
    private const int WorthMemory = 256;

    private readonly GhostTable _ghosts = new(mostBytes);
    private EntryQueue _small, _main;
    private double _usualWorth;

    public long OwnBytes => _ghosts.Bytes;

    public long MostBytes { get; set; } = mostBytes;

    public int Count { get; private set; }

    public void Add(StoredEntry* entry)
    {
        entry->IsInMain |= _ghosts.Take(entry->Hash, Math.Max(64, Count));
        QueueOf(entry).Push(entry);
        Count++;
    }

    public void Remove(StoredEntry* entry)
    {
        QueueOf(entry).Remove(entry);
        Count--;
    }

    /// <summary>The one to put out, still in its queue; null: there is none.</summary>
    public StoredEntry* Next()
    {
        while (Count > 0)
        {
            bool fromSmall = _main.Oldest is null || (_small.Oldest is not null && _small.Bytes > MostBytes / 10);
            StoredEntry* entry = fromSmall ? _small.Oldest : _main.Oldest;
            if (fromSmall ? !MovesToMain(entry) : !GoesRound(entry))
            {
                return entry;
            }
        }

        return null;
    }

    public void Free() => _ghosts.Free();

    private ref EntryQueue QueueOf(StoredEntry* entry) => ref entry->IsInMain ? ref _main : ref _small;

    private bool MovesToMain(StoredEntry* entry)
    {
        double worth = Worth(entry);
        if (entry->Uses > 0 || worth > _usualWorth + OutstandingWorth)
        {
            _small.Remove(entry);
            entry->IsInMain = true;
            entry->Uses = 0;
            _main.Push(entry);
            return true;
        }

        _usualWorth += (worth - _usualWorth) / WorthMemory;
        _ghosts.Add(entry->Hash);
        return false;
    }

    private bool GoesRound(StoredEntry* entry)
    {
        double worth = Worth(entry);
        bool used = entry->Uses > 0;
        if (used || (entry->Chances < MostChances && worth > _usualWorth + (OutstandingWorth * (entry->Chances + 1))))
        {
            entry->Uses -= used ? 1 : 0;
            entry->Chances = used ? (short)0 : (short)(entry->Chances + 1);
            _main.Remove(entry);
            _main.Push(entry);
            return true;
        }

        _usualWorth += (worth - _usualWorth) / WorthMemory;
        return false;
    }

    /// <summary>Time saved by each hit, per byte, as a power of two: so the average of what is put out is that of the
    /// many, whatever a few of them were worth.</summary>
    private static double Worth(StoredEntry* entry) =>
        Math.Log2((entry->Header.SavedMicroseconds + 1.0) / entry->Block.Bytes);
}
