namespace Freshet.Core.Cache;

/// <summary>
/// Which entry goes next. The frame is S3-FIFO's: new entries queue in <em>small</em>, an eighth of the bytes; who was
/// used there moves to <em>main</em>, the others go and leave a ghost behind; who is asked for again while its ghost is
/// there may enter main at once. In main an entry that was used goes round again. Three things are different:
/// <list type="bullet">
/// <item>
/// <em>Worth.</em> The time that a hit saves, per byte, divided by what is usual among those that go, is an entry's
/// rate. A use earns it as much credit as its rate, and being worth more than usual earns the surplus in advance; a
/// round in main costs 1. With equal sizes and times the rate is 1, and this is S3-FIFO.
/// </item>
/// <item>
/// <em>Loops.</em> An entry with a ghost enters a full main only if it came back sooner, by its rate, than main's next
/// victim has been idle: LIRS's comparison. Otherwise a loop larger than the store would turn main over and never hit.
/// The clock counts the entries that were stored, so hits need not write the time.
/// </item>
/// <item>
/// <em>Filling.</em> Until main has most of the bytes, who leaves small moves there unused: it stands still while small
/// turns over, so that some of a loop hits from the start.
/// </item>
/// </list>
/// <c>docs/decisions/result-store.md</c> has the measurements. Under its shard's lock.
/// </summary>
internal sealed unsafe class EvictionOrder
{
    private const int SmallShare = 8;

    /// <summary>Of the bytes: main takes who comes until it has this.</summary>
    private const double FillShare = 0.6;

    /// <summary>Rates beyond these, up or down, are taken for these.</summary>
    private const float MostRate = 8;

    /// <summary>Rounds that can be earned at a rate of 1; more at a higher one.</summary>
    private const float MostCredit = 4;

    /// <summary>Entries over which the usual worth is averaged.</summary>
    private const int WorthMemory = 256;

    /// <summary>A ghost counts until this many times as many entries have been stored as there are.</summary>
    private const double GhostStores = 2.25;

    /// <summary>Entries sent round in one go: then the poorest of them goes, so that no call takes long.</summary>
    private const int MostRounds = 64;

    private GhostTable _ghosts;
    private EntryQueue _small, _main;

    /// <summary>That are left for entries.</summary>
    private long _mostBytes;

    /// <summary>Entries stored.</summary>
    private uint _clock;

    private float _usualWorth = float.NaN;

    /// <param name="mostBytes">Of entries and ghosts.</param>
    public EvictionOrder(long mostBytes)
    {
        _ghosts = new GhostTable(mostBytes);
        _mostBytes = mostBytes - OwnBytes;
    }

    /// <summary>Native memory besides the entries'.</summary>
    public long OwnBytes => _ghosts.Bytes;

    public int Count { get; private set; }

    public void Add(StoredEntry* entry)
    {
        ref EvictionNotes notes = ref entry->Eviction;
        notes.Worth = MathF.Log2((Math.Max(0, entry->Header.SavedMicroseconds) + 1f) / entry->Block.Bytes);
        if (float.IsNaN(_usualWorth))
        {
            _usualWorth = notes.Worth;
        }

        _clock++;
        Count++;
        long away = _ghosts.Take(entry->Hash, _clock);
        if (away >= 0 && away <= GhostStores * Count && Enters(entry, away))
        {
            PushToMain(entry);
            return;
        }

        notes.QueuedAt = _clock;
        _small.Push(entry);
    }

    /// <summary>In the place of one with the same key, which was removed: it keeps what that one had earned.</summary>
    public void AddInPlaceOf(in EvictionNotes former, StoredEntry* entry)
    {
        Add(entry);
        entry->Eviction.Uses = former.Uses;
        if (former.IsInMain && !entry->Eviction.IsInMain)
        {
            _small.Remove(entry);
            PushToMain(entry);
        }

        entry->Eviction.Credit = former.Credit;
    }

    public void Remove(StoredEntry* entry)
    {
        (entry->Eviction.IsInMain ? ref _main : ref _small).Remove(entry);
        Count--;
    }

    /// <summary>The one to put out, still in its queue; null: there is none.</summary>
    public StoredEntry* Next()
    {
        while (_small.Oldest is not null && (_main.Oldest is null || _small.Bytes > _mostBytes / SmallShare))
        {
            StoredEntry* oldest = _small.Oldest;
            if (!LeavesForMain(oldest))
            {
                LearnWorth(oldest);
                _ghosts.Add(oldest->Hash, oldest->Eviction.QueuedAt, _clock);
                return oldest;
            }

            _small.Remove(oldest);
            PushToMain(oldest);
        }

        StoredEntry* victim = MainVictim();
        if (victim is not null)
        {
            LearnWorth(victim);
        }

        return victim;
    }

    /// <returns>By how much <see cref="OwnBytes"/> grew.</returns>
    public long Resize(long mostBytes)
    {
        long before = OwnBytes;
        _ghosts.Free();
        _ghosts = new GhostTable(mostBytes);
        _mostBytes = mostBytes - OwnBytes;
        return OwnBytes - before;
    }

    public void Free() => _ghosts.Free();

    private bool LeavesForMain(StoredEntry* entry)
    {
        float rate = Rate(entry);
        return (entry->Eviction.Uses * rate) + Surplus(rate) >= 1
            || _main.Bytes + entry->Block.Bytes <= _mostBytes * FillShare;
    }

    private bool Enters(StoredEntry* entry, long away)
    {
        if (_main.Bytes + entry->Block.Bytes <= _mostBytes - (_mostBytes / SmallShare))
        {
            return true;
        }

        StoredEntry* victim = MainVictim();
        return victim is null || away * Rate(victim) < (_clock - victim->Eviction.QueuedAt) * Rate(entry);
    }

    private void PushToMain(StoredEntry* entry)
    {
        ref EvictionNotes notes = ref entry->Eviction;
        notes.IsInMain = true;
        notes.QueuedAt = _clock;
        notes.Uses = 0;
        notes.Credit = Surplus(Rate(entry));
        _main.Push(entry);
    }

    /// <summary>Sends round who has credit.</summary>
    private StoredEntry* MainVictim()
    {
        StoredEntry* poorest = _main.Oldest;
        for (int i = 0; i < MostRounds && _main.Oldest is not null; i++)
        {
            StoredEntry* entry = _main.Oldest;
            ref EvictionNotes notes = ref entry->Eviction;
            float rate = Rate(entry);
            notes.Credit = Math.Min(MostCredit * Math.Max(1, rate), notes.Credit + (notes.Uses * rate));
            notes.Uses = 0;
            if (notes.Credit < 1)
            {
                return entry;
            }

            notes.Credit--;
            notes.QueuedAt = _clock;
            _main.Remove(entry);
            _main.Push(entry);
            if (notes.Credit < poorest->Eviction.Credit)
            {
                poorest = entry;
            }
        }

        return poorest;
    }

    private float Rate(StoredEntry* entry) =>
        Math.Clamp(float.Exp2(entry->Eviction.Worth - _usualWorth), 1 / MostRate, MostRate);

    private static float Surplus(float rate) => Math.Max(0, rate - 1);

    private void LearnWorth(StoredEntry* entry) =>
        _usualWorth += (entry->Eviction.Worth - _usualWorth) / WorthMemory;
}
