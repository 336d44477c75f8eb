using System.Runtime.InteropServices;

namespace Freshet.Core.Cache;

/// <summary>
/// A part of the store, by hash: an index of chained buckets that readers walk without a lock, and the order of
/// eviction, which is S3-FIFO weighed by worth. New entries queue in <em>small</em> (a tenth of the bytes); those used
/// while there, or of outstanding worth, move to <em>main</em>, the others go and leave their hash behind: who comes
/// back soon enters main at
/// once. In main an entry that was used goes round again, with one use less; an unused one whose saved time per byte is
/// far above what is usually put out gets up to <see cref="MostChances"/> further rounds, and more the rarer its worth.
/// <para>Everything but <see cref="Find"/> happens under the shard's lock.</para>
/// </summary>
internal sealed unsafe class ResultShard
{
    private const int Small = 0, Main = 1;

    private const int MostChances = 3;

    /// <summary>Doublings above the usual worth that earn a further round.</summary>
    private const double OutstandingWorth = 2;

    /// <summary>Evictions over which the usual worth is averaged.</summary>
    private const int WorthMemory = 256;

    private readonly Lock _lock = new();
    private readonly ReaderEpochs _epochs;
    private readonly GhostList _ghosts = new();
    private readonly Queue<(nint Entry, long Bytes, long Epoch)> _retired = new();
    private readonly StoredEntry** _buckets;
    private readonly uint _mask;
    private EntryQueue _small, _main;
    private long _mostBytes;
    private long _bytes;
    private double _usualWorth;

    public ResultShard(long mostBytes, ReaderEpochs epochs)
    {
        _mostBytes = mostBytes;
        _epochs = epochs;
        // An entry of a small result takes about a kilobyte with its key.
        ulong wanted = (ulong)Math.Clamp(mostBytes / 1024, 64, 1 << 26);
        uint buckets = (uint)System.Numerics.BitOperations.RoundUpToPowerOf2(wanted);
        _mask = buckets - 1;
        _buckets = (StoredEntry**)NativeMemory.AllocZeroed(buckets, (nuint)sizeof(StoredEntry*));
        _bytes = buckets * (long)sizeof(StoredEntry*);
    }

    /// <summary>All native memory in use, what waits for its readers included.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    public int Count { get; private set; }

    public long Evicted { get; private set; }

    public long Refused { get; private set; }

    /// <summary>A reader that has announced itself; null: not there.</summary>
    public StoredEntry* Find(ulong hash, ReadOnlySpan<byte> key)
    {
        var entry = (StoredEntry*)Volatile.Read(ref *(nint*)(_buckets + Place(hash)));
        while (entry is not null)
        {
            if (entry->Hash == hash && StoredEntry.Key(entry).SequenceEqual(key))
            {
                return entry;
            }

            entry = (StoredEntry*)Volatile.Read(ref *(nint*)&entry->Next);
        }

        return null;
    }

    public bool Put(ulong hash, ReadOnlySpan<byte> key, in ResultHeader header, ReadOnlySpan<byte> payload)
    {
        long bytes = StoredEntry.BytesOf(key.Length, payload.Length);
        lock (_lock)
        {
            if (bytes > _mostBytes / 4)
            {
                Refused++;
                return false;
            }

            StoredEntry* old = Find(hash, key);
            int frequency = 0;
            bool toMain = _ghosts.Take(hash);
            if (old is not null)
            {
                frequency = old->Frequency;
                toMain = old->Queue == Main;
                Unlink(old);
            }

            MakeRoom(bytes);
            StoredEntry* entry = Write(hash, key, header, payload);
            entry->Frequency = frequency;
            entry->Queue = toMain ? (byte)Main : (byte)Small;
            QueueOf(entry).Push(entry);
            StoredEntry** bucket = _buckets + Place(hash);
            entry->Next = *bucket;
            Volatile.Write(ref *(nint*)bucket, (nint)entry);
            Count++;
            FreeRetired();
            return true;
        }
    }

    public bool Remove(ulong hash, ReadOnlySpan<byte> key)
    {
        lock (_lock)
        {
            StoredEntry* entry = Find(hash, key);
            if (entry is null)
            {
                return false;
            }

            Unlink(entry);
            FreeRetired();
            return true;
        }
    }

    public long RemoveWhere(ResultPredicate predicate)
    {
        long removed = 0;
        lock (_lock)
        {
            for (uint i = 0; i <= _mask; i++)
            {
                StoredEntry* entry = _buckets[i];
                while (entry is not null)
                {
                    StoredEntry* next = entry->Next;
                    if (predicate(entry->Header, StoredEntry.Key(entry)))
                    {
                        Unlink(entry);
                        removed++;
                    }

                    entry = next;
                }
            }

            FreeRetired();
        }

        return removed;
    }

    public void Resize(long mostBytes)
    {
        lock (_lock)
        {
            _mostBytes = mostBytes;
            MakeRoom(0);
            FreeRetired();
        }
    }

    /// <summary>When no reader is left.</summary>
    public void Free()
    {
        lock (_lock)
        {
            RemoveAllUnderLock();
            while (_retired.TryDequeue(out (nint Entry, long, long) retired))
            {
                NativeMemory.Free((void*)retired.Entry);
            }

            NativeMemory.Free(_buckets);
        }
    }

    private void RemoveAllUnderLock()
    {
        while (_small.Oldest is not null)
        {
            Unlink(_small.Oldest);
        }

        while (_main.Oldest is not null)
        {
            Unlink(_main.Oldest);
        }
    }

    private uint Place(ulong hash) => (uint)(hash >> 8) & _mask;

    private ref EntryQueue QueueOf(StoredEntry* entry) => ref entry->Queue == Main ? ref _main : ref _small;

    private StoredEntry* Write(ulong hash, ReadOnlySpan<byte> key, in ResultHeader header, ReadOnlySpan<byte> payload)
    {
        long bytes = StoredEntry.BytesOf(key.Length, payload.Length);
        var entry = (StoredEntry*)NativeMemory.Alloc((nuint)(bytes - StoredEntry.AllocatorBytes));
        *entry = new StoredEntry
        {
            Hash = hash,
            KeyLength = key.Length,
            PayloadLength = payload.Length,
            Header = header,
        };
        key.CopyTo(new Span<byte>((byte*)(entry + 1), key.Length));
        payload.CopyTo(new Span<byte>((byte*)(entry + 1) + key.Length, payload.Length));
        Volatile.Write(ref _bytes, _bytes + bytes);
        return entry;
    }

    private void MakeRoom(long bytes)
    {
        if (_bytes + bytes > _mostBytes)
        {
            FreeRetired();
        }

        // What waits for its readers goes soon: only what is linked can be put out.
        long waiting = 0;
        foreach ((nint Entry, long Bytes, long Epoch) retired in _retired)
        {
            waiting += retired.Bytes;
        }

        while (_bytes - waiting + bytes > _mostBytes && (_small.Oldest is not null || _main.Oldest is not null))
        {
            bool fromSmall = _main.Oldest is null || (_small.Oldest is not null && _small.Bytes > _mostBytes / 10);
            long before = _small.Bytes + _main.Bytes;
            if (fromSmall)
            {
                EvictFromSmall();
            }
            else
            {
                EvictFromMain();
            }

            waiting += before - _small.Bytes - _main.Bytes;
        }
    }

    private void EvictFromSmall()
    {
        StoredEntry* entry = _small.Oldest;
        _small.Remove(entry);
        double worth = Worth(entry);
        if (entry->Frequency > 0 || worth > _usualWorth + OutstandingWorth)
        {
            entry->Queue = Main;
            entry->Frequency = 0;
            _main.Push(entry);
            return;
        }

        _usualWorth += (worth - _usualWorth) / WorthMemory;
        _small.Push(entry); // Unlink takes it out of its queue
        _ghosts.Add(entry->Hash, Math.Max(64, Count));
        PutOut(entry);
    }

    private void EvictFromMain()
    {
        StoredEntry* entry = _main.Oldest;
        double worth = Worth(entry);
        bool used = entry->Frequency > 0;
        if (used || (entry->Chances < MostChances && worth > _usualWorth + (OutstandingWorth * (entry->Chances + 1))))
        {
            entry->Frequency -= used ? 1 : 0;
            entry->Chances = used ? (short)0 : (short)(entry->Chances + 1);
            _main.Remove(entry);
            _main.Push(entry);
            return;
        }

        _usualWorth += (worth - _usualWorth) / WorthMemory;
        PutOut(entry);
    }

    /// <summary>Time saved by each hit, per byte, as a power of two: so the average of what is put out is that of the
    /// many, whatever a few of them were worth.</summary>
    private static double Worth(StoredEntry* entry) =>
        Math.Log2((entry->Header.SavedMicroseconds + 1.0) / entry->Bytes);

    private void PutOut(StoredEntry* entry)
    {
        Evicted++;
        Unlink(entry);
    }

    private void Unlink(StoredEntry* entry)
    {
        StoredEntry** link = _buckets + Place(entry->Hash);
        while (*link != entry)
        {
            link = &(*link)->Next;
        }

        Volatile.Write(ref *(nint*)link, (nint)entry->Next);
        QueueOf(entry).Remove(entry);
        Count--;
        _retired.Enqueue(((nint)entry, entry->Bytes, _epochs.Retire()));
    }

    private void FreeRetired()
    {
        long free = _epochs.Free();
        while (_retired.TryPeek(out (nint Entry, long Bytes, long Epoch) retired) && retired.Epoch <= free)
        {
            _retired.Dequeue();
            NativeMemory.Free((void*)retired.Entry);
            Volatile.Write(ref _bytes, _bytes - retired.Bytes);
        }
    }
}
