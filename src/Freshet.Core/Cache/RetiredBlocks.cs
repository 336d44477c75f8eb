namespace Freshet.Core.Cache;

/// <summary>
/// Memory that was unlinked and that a reader may still be looking at, in the order of its unlinking; the list runs
/// through the memory itself. Under its shard's lock.
/// </summary>
internal sealed unsafe class RetiredBlocks(ReaderEpochs epochs)
{
    private NativeBlock* _oldest;
    private NativeBlock* _newest;

    /// <summary>Bytes that wait.</summary>
    public long Bytes { get; private set; }

    /// <summary>The block must have been unlinked before: no reader that comes now finds it.</summary>
    public void Add(NativeBlock* block)
    {
        block->Newer = null;
        block->RetiredIn = epochs.Advance();
        if (_newest is null)
        {
            _oldest = block;
        }
        else
        {
            _newest->Newer = block;
        }

        _newest = block;
        Bytes += block->Bytes;
    }

    /// <returns>The bytes that were given back.</returns>
    public long Free()
    {
        if (_oldest is null)
        {
            return 0;
        }

        long before = Bytes;
        long unseen = epochs.Unseen();
        while (_oldest is not null && _oldest->RetiredIn <= unseen)
        {
            NativeBlock* block = _oldest;
            _oldest = block->Newer;
            Bytes -= block->Bytes;
            NativeBlock.Free(block);
        }

        if (_oldest is null)
        {
            _newest = null;
        }

        return before - Bytes;
    }
}
