namespace Freshet.Core.Cache;

/// <summary>A first-in, first-out queue of entries, linked through them. Under its shard's lock.</summary>
internal unsafe struct EntryQueue
{
    private NativeBlock* _newest;
    private NativeBlock* _oldest;

    public long Bytes { get; private set; }

    /// <summary>Null: it is empty.</summary>
    public readonly StoredEntry* Oldest => (StoredEntry*)_oldest;

    public void Push(StoredEntry* entry)
    {
        NativeBlock* block = &entry->Block;
        block->Newer = null;
        block->Older = _newest;
        if (_newest is not null)
        {
            _newest->Newer = block;
        }
        else
        {
            _oldest = block;
        }

        _newest = block;
        Bytes += block->Bytes;
    }

    public void Remove(StoredEntry* entry)
    {
        NativeBlock* block = &entry->Block;
        if (block->Newer is not null)
        {
            block->Newer->Older = block->Older;
        }
        else
        {
            _newest = block->Older;
        }

        if (block->Older is not null)
        {
            block->Older->Newer = block->Newer;
        }
        else
        {
            _oldest = block->Newer;
        }

        Bytes -= block->Bytes;
    }
}
