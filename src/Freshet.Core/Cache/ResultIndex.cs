namespace Freshet.Core.Cache;

/// <summary>
/// A shard's index: chained buckets in one native block. <see cref="Find"/> is for readers that have announced
/// themselves and takes no lock; everything else happens under the shard's lock. An entry is linked with one write when
/// it is complete and unlinked with one write; its own link stays, so a reader that stands on it goes on along the
/// chain. While the buckets are replaced by more or fewer of them, a reader may miss an entry that is there: that costs
/// a query, never a wrong answer.
/// <para>Its only field is written when the buckets are replaced, so the readers share its cache line.</para>
/// </summary>
internal sealed unsafe class ResultIndex(long mostBytes)
{
    private const long FewestBuckets = 64, MostBuckets = 1 << 28;

    /// <summary>An entry of a small result takes about this with its key and what stands beside it.</summary>
    private const int BytesPerBucket = 1024;

    /// <summary>A <see cref="Buckets"/>; 0: disposed.</summary>
    private nint _buckets = (nint)Allocate(WantedCount(mostBytes));

    public long Bytes => ((Buckets*)_buckets)->Block.Bytes;

    /// <summary>Null: it is not there.</summary>
    public StoredEntry* Find(ulong hash, ReadOnlySpan<byte> key)
    {
        var buckets = (Buckets*)Volatile.Read(ref _buckets);
        if (buckets is null)
        {
            return null;
        }

        StoredEntry* entry = Next(Bucket(buckets, hash));
        while (entry is not null)
        {
            if (entry->Hash == hash && StoredEntry.Key(entry).SequenceEqual(key))
            {
                return entry;
            }

            entry = Next(&entry->Next);
        }

        return null;
    }

    public void Link(StoredEntry* entry)
    {
        StoredEntry** bucket = Bucket((Buckets*)_buckets, entry->Hash);
        entry->Next = *bucket;
        SetNext(bucket, entry);
    }

    public void Unlink(StoredEntry* entry)
    {
        StoredEntry** link = Bucket((Buckets*)_buckets, entry->Hash);
        while (*link != entry)
        {
            link = &(*link)->Next;
        }

        SetNext(link, entry->Next);
    }

    /// <summary>Adds the entries of some buckets from <paramref name="place"/> on to <paramref name="found"/>.
    /// </summary>
    /// <returns>The place to go on from; -1: that was all.</returns>
    public long Collect(long place, int buckets, List<nint> found)
    {
        var all = (Buckets*)_buckets;
        if (all is null)
        {
            return -1;
        }

        long end = Math.Min(place + buckets, all->Count);
        for (long at = place; at < end; at++)
        {
            for (StoredEntry* entry = First(all)[at]; entry is not null; entry = entry->Next)
            {
                found.Add((nint)entry);
            }
        }

        return end == all->Count ? -1 : end;
    }

    /// <summary>Takes as many buckets as a store of this size wants, if that is twice or half of those there are.
    /// </summary>
    /// <returns>The former buckets, to be retired; null: they stay.</returns>
    public NativeBlock* Resize(long mostBytes)
    {
        var old = (Buckets*)_buckets;
        long wanted = WantedCount(mostBytes);
        if (wanted < 2 * old->Count && old->Count < 2 * wanted)
        {
            return null;
        }

        Buckets* buckets = Allocate(wanted);
        for (long at = 0; at < old->Count; at++)
        {
            StoredEntry* next;
            for (StoredEntry* entry = First(old)[at]; entry is not null; entry = next)
            {
                next = entry->Next;
                StoredEntry** bucket = Bucket(buckets, entry->Hash);
                SetNext(&entry->Next, *bucket);
                *bucket = entry;
            }
        }

        Volatile.Write(ref _buckets, (nint)buckets);
        return &old->Block;
    }

    /// <returns>The buckets, to be retired. From now on nothing is found.</returns>
    public NativeBlock* Close()
    {
        var buckets = (Buckets*)_buckets;
        Volatile.Write(ref _buckets, 0);
        return &buckets->Block;
    }

    private static long WantedCount(long mostBytes) =>
        Math.Clamp(mostBytes / BytesPerBucket, FewestBuckets, MostBuckets);

    private static Buckets* Allocate(long count)
    {
        var buckets = (Buckets*)NativeBlock.Allocate(
            sizeof(Buckets) + (count * sizeof(StoredEntry*)), cleared: true);
        buckets->Count = count;
        return buckets;
    }

    private static StoredEntry** First(Buckets* buckets) => (StoredEntry**)(buckets + 1);

    /// <summary>By the highest bits; the lowest have chosen the shard.</summary>
    private static StoredEntry** Bucket(Buckets* buckets, ulong hash) =>
        First(buckets) + Math.BigMul(hash, (ulong)buckets->Count, out _);

    private static StoredEntry* Next(StoredEntry** link) => (StoredEntry*)Volatile.Read(ref *(nint*)link);

    private static void SetNext(StoredEntry** link, StoredEntry* entry) =>
        Volatile.Write(ref *(nint*)link, (nint)entry);

    /// <summary>The first links of the chains follow it.</summary>
    private struct Buckets
    {
        public NativeBlock Block;
        public long Count;
    }
}
