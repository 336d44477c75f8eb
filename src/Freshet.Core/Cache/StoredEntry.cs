using System.Runtime.InteropServices;

namespace Freshet.Core.Cache;

/// <summary>
/// A result in native memory: this, then the key, then the payload. It is written before it is linked. After that
/// readers count uses and change <see cref="VerifiedAt"/>, where a lost update does no harm; the shard changes the
/// links and the notes for eviction, under its lock.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct StoredEntry
{
    public NativeBlock Block;

    /// <summary>Next of the same bucket.</summary>
    public StoredEntry* Next;

    public ulong Hash;
    public int KeyLength;
    public int PayloadLength;

    public EvictionNotes Eviction;

    /// <summary><see cref="System.Diagnostics.Stopwatch"/> ticks when it was last run again to be compared.</summary>
    public long VerifiedAt;

    public ResultHeader Header;

    public static ReadOnlySpan<byte> Key(StoredEntry* entry) => new((byte*)(entry + 1), entry->KeyLength);

    public static ReadOnlySpan<byte> Payload(StoredEntry* entry) =>
        new((byte*)(entry + 1) + entry->KeyLength, entry->PayloadLength);

    /// <summary>What an entry takes of the store's bytes.</summary>
    public static long BytesOf(int keyLength, int payloadLength) =>
        NativeBlock.Rounded(sizeof(StoredEntry) + (long)keyLength + payloadLength);

    public static StoredEntry* Allocate(
        ulong hash, ReadOnlySpan<byte> key, in ResultHeader header, ReadOnlySpan<byte> payload)
    {
        var entry = (StoredEntry*)NativeBlock.Allocate(
            sizeof(StoredEntry) + (long)key.Length + payload.Length, cleared: false);
        *entry = new StoredEntry
        {
            Block = entry->Block,
            Hash = hash,
            KeyLength = key.Length,
            PayloadLength = payload.Length,
            Header = header,
        };
        key.CopyTo(new Span<byte>((byte*)(entry + 1), key.Length));
        payload.CopyTo(new Span<byte>((byte*)(entry + 1) + key.Length, payload.Length));
        return entry;
    }
}
