namespace Freshet.Core.Cache;

/// <summary>A result as it lies in the store. Valid until its reader's <see cref="ResultReader.Release"/>.</summary>
internal readonly unsafe ref struct StoredResult
{
    private readonly StoredEntry* _entry;

    internal StoredResult(StoredEntry* entry) => _entry = entry;

    public ref readonly ResultHeader Header => ref _entry->Header;

    public ReadOnlySpan<byte> Payload => StoredEntry.Payload(_entry);

    /// <summary>It was of use. Written only while it changes something, so that a hot entry's line stays shared.
    /// </summary>
    public void Touch()
    {
        if (_entry->Frequency < 3)
        {
            _entry->Frequency++;
        }
    }
}
