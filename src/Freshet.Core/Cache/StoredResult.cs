namespace Freshet.Core.Cache;

/// <summary>A result as it lies in the store. Valid until its reader's <see cref="ResultReader.Release"/>.</summary>
internal readonly unsafe ref struct StoredResult
{
    private readonly StoredEntry* _entry;

    internal StoredResult(StoredEntry* entry) => _entry = entry;

    public ref readonly ResultHeader Header => ref _entry->Header;

    public ReadOnlySpan<byte> Payload => StoredEntry.Payload(_entry);

    /// <summary>True when it was not verified since <paramref name="since"/>: then it counts as verified at
    /// <paramref name="now"/>. <see cref="System.Diagnostics.Stopwatch"/> ticks.</summary>
    public bool TryClaimVerification(long since, long now)
    {
        if (_entry->VerifiedAt > since)
        {
            return false;
        }

        _entry->VerifiedAt = now;
        return true;
    }

    /// <summary>It was of use. Written only while it changes something, so that a hot entry's line stays shared.
    /// </summary>
    public void Touch()
    {
        if (_entry->Eviction.Uses < EvictionNotes.MostUses)
        {
            _entry->Eviction.Uses++;
        }
    }
}
