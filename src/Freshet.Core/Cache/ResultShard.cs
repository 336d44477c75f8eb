namespace Freshet.Core.Cache;

/// <summary>
/// A part of the store, by hash: an index, an order of eviction, and the account of its bytes. All under its lock,
/// which is held for a few microseconds: walks over many entries give it back in between. Readers use the index alone.
/// <para>
/// The bound: an entry is written only if it fits beside all that is in use, what waits for its readers included, with
/// a tolerance of a 32nd for that. A reader that never releases thus stops the store from taking more, and does not
/// make it grow.
/// </para>
/// </summary>
internal sealed unsafe class ResultShard
{
    /// <summary>A larger result would put out too much of the others.</summary>
    private const int LargestShare = 4;

    /// <summary>Of the bytes, what may wait for its readers beyond the limit.</summary>
    private const int WaitingShare = 32;

    /// <summary>Buckets looked at, or entries put out, before the lock is given back.</summary>
    private const int WalkStep = 512;

    private readonly Lock _lock = new();
    private readonly EvictionOrder _order;
    private readonly RetiredBlocks _retired;
    private readonly List<nint> _found = [];
    private long _mostBytes;
    private long _bytes;
    private long _evicted, _refused;
    private bool _closed;

    public ResultShard(long mostBytes, ReaderEpochs epochs)
    {
        _mostBytes = mostBytes;
        _retired = new RetiredBlocks(epochs);
        Index = new ResultIndex(mostBytes);
        _order = new EvictionOrder(mostBytes - Index.Bytes);
        _bytes = Index.Bytes + _order.OwnBytes;
    }

    public ResultIndex Index { get; }

    /// <summary>All native memory in use, what waits for its readers included.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    public int Count => _order.Count;

    public long Evicted => Volatile.Read(ref _evicted);

    public long Refused => Volatile.Read(ref _refused);

    public bool Put(ulong hash, ReadOnlySpan<byte> key, in ResultHeader header, ReadOnlySpan<byte> payload)
    {
        long bytes = StoredEntry.BytesOf(key.Length, payload.Length);
        lock (_lock)
        {
            StoredEntry* old = Index.Find(hash, key);
            EvictionNotes former = default;
            if (old is not null)
            {
                former = old->Eviction;
                Unlink(old);
            }

            bool stored = !_closed && bytes <= _mostBytes / LargestShare && MakeRoom(bytes);
            if (stored)
            {
                StoredEntry* entry = StoredEntry.Allocate(hash, key, header, payload);
                Account(bytes);
                if (old is null)
                {
                    _order.Add(entry);
                }
                else
                {
                    _order.AddInPlaceOf(former, entry);
                }

                Index.Link(entry);
            }
            else
            {
                Volatile.Write(ref _refused, _refused + 1);
            }

            Account(-_retired.Free());
            return stored;
        }
    }

    public bool Remove(ulong hash, ReadOnlySpan<byte> key)
    {
        lock (_lock)
        {
            StoredEntry* entry = Index.Find(hash, key);
            if (entry is null)
            {
                return false;
            }

            Unlink(entry);
            Account(-_retired.Free());
            return true;
        }
    }

    /// <summary>Not while <see cref="Resize"/> is at work.</summary>
    public long RemoveWhere(ResultPredicate predicate)
    {
        long removed = 0;
        long place = 0;
        while (place >= 0)
        {
            lock (_lock)
            {
                _found.Clear();
                place = Index.Collect(place, WalkStep, _found);
                foreach (nint found in _found)
                {
                    var entry = (StoredEntry*)found;
                    if (predicate(entry->Header, StoredEntry.Key(entry)))
                    {
                        Unlink(entry);
                        removed++;
                    }
                }

                Account(-_retired.Free());
            }
        }

        return removed;
    }

    /// <summary>Puts out what is too much step by step; new buckets are filled in one go.</summary>
    public void Resize(long mostBytes)
    {
        lock (_lock)
        {
            _mostBytes = mostBytes;
            if (!_closed)
            {
                NativeBlock* former = Index.Resize(mostBytes);
                if (former is not null)
                {
                    Account(Index.Bytes);
                    _retired.Add(former);
                }

                Account(_order.Resize(mostBytes - Index.Bytes));
            }
        }

        bool done = false;
        while (!done)
        {
            lock (_lock)
            {
                done = PutOut(0, WalkStep);
                Account(-_retired.Free());
            }
        }
    }

    /// <summary>From now on nothing is found and nothing stored. What a reader still holds stays in memory.</summary>
    public void Close()
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _closed = true;
            StoredEntry* entry;
            while ((entry = _order.Next()) is not null)
            {
                Unlink(entry);
            }

            _retired.Add(Index.Close());
            Account(-_retired.Free() - _order.OwnBytes);
            _order.Free();
        }
    }

    /// <summary>False: readers hold too much for it.</summary>
    private bool MakeRoom(long bytes)
    {
        if (_bytes + bytes <= _mostBytes)
        {
            return true;
        }

        Account(-_retired.Free());
        if (_retired.Bytes > _mostBytes / WaitingShare)
        {
            return false;
        }

        PutOut(bytes, int.MaxValue);
        Account(-_retired.Free());
        return _bytes + bytes <= _mostBytes + (_mostBytes / WaitingShare);
    }

    /// <summary>What is linked must leave room for <paramref name="bytes"/>.</summary>
    /// <returns>True: it does. False: <paramref name="most"/> were put out and that was not enough.</returns>
    private bool PutOut(long bytes, int most)
    {
        for (; _bytes - _retired.Bytes + bytes > _mostBytes; most--)
        {
            if (most == 0)
            {
                return false;
            }

            StoredEntry* entry = _order.Next();
            if (entry is null)
            {
                break;
            }

            Volatile.Write(ref _evicted, _evicted + 1);
            Unlink(entry);
        }

        return true;
    }

    private void Unlink(StoredEntry* entry)
    {
        Index.Unlink(entry);
        _order.Remove(entry);
        _retired.Add(&entry->Block);
    }

    private void Account(long bytes) => Volatile.Write(ref _bytes, _bytes + bytes);
}
