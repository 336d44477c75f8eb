namespace Freshet.Core.Cache;

/// <summary>A first-in, first-out queue of entries, linked through them. Under its shard's lock.</summary>
internal unsafe struct EntryQueue
{
    private StoredEntry* _newest;
    private StoredEntry* _oldest;

    public long Bytes { get; private set; }

    public readonly StoredEntry* Oldest => _oldest;

    public void Push(StoredEntry* entry)
    {
        entry->Newer = null;
        entry->Older = _newest;
        if (_newest is not null)
        {
            _newest->Newer = entry;
        }
        else
        {
            _oldest = entry;
        }

        _newest = entry;
        Bytes += entry->Bytes;
    }

    public void Remove(StoredEntry* entry)
    {
        if (entry->Newer is not null)
        {
            entry->Newer->Older = entry->Older;
        }
        else
        {
            _newest = entry->Older;
        }

        if (entry->Older is not null)
        {
            entry->Older->Newer = entry->Newer;
        }
        else
        {
            _oldest = entry->Newer;
        }

        Bytes -= entry->Bytes;
    }
}
