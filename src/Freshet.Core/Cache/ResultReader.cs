namespace Freshet.Core.Cache;

/// <summary>One thread's way to look results up, without a lock. A result that was found stays where it is until
/// <see cref="Release"/>, or until the next <see cref="TryGet"/>, which gives up the one before; meanwhile the thread
/// may send it, but must not wait: what others put out at that time cannot be used again.</summary>
internal sealed unsafe class ResultReader(ResultStore store, ReaderEpochs epochs, int index)
{
    public bool TryGet(ulong hash, ReadOnlySpan<byte> key, out StoredResult result)
    {
        epochs.Enter(index);
        StoredEntry* entry = store.IndexOf(hash).Find(hash, key);
        if (entry is null)
        {
            epochs.Leave(index);
            result = default;
            return false;
        }

        result = new StoredResult(entry);
        return true;
    }

    /// <summary>After a <see cref="TryGet"/> that found something; the result must not be used any more.</summary>
    public void Release() => epochs.Leave(index);
}
