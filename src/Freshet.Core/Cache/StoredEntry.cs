using System.Runtime.InteropServices;

namespace Freshet.Core.Cache;

/// <summary>A result in native memory: this, then the key, then the payload. Written once before it is linked; after
/// that only <see cref="Frequency"/> and <see cref="VerifiedAt"/> change without the shard's lock (readers set it; a
/// lost update does no harm), and
/// the links under it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct StoredEntry
{
    /// <summary>What an allocation costs beyond what was asked for.</summary>
    internal const int AllocatorBytes = 16;

    /// <summary>Next of the same bucket.</summary>
    public StoredEntry* Next;

    /// <summary>Neighbours in its queue: newer and older.</summary>
    public StoredEntry* Newer;
    public StoredEntry* Older;

    public ulong Hash;
    public int KeyLength;
    public int PayloadLength;

    /// <summary>Uses since it was last looked at for eviction, 0 to 3.</summary>
    public int Frequency;

    /// <summary>Further chances that its worth has given it.</summary>
    public short Chances;

    public byte Queue;

    /// <summary><see cref="System.Diagnostics.Stopwatch"/> ticks when it was last run again to be compared.</summary>
    public long VerifiedAt;

    public ResultHeader Header;

    public readonly long Bytes => BytesOf(KeyLength, PayloadLength);

    public static long BytesOf(int key, int payload) => sizeof(StoredEntry) + (long)key + payload + AllocatorBytes;

    public static ReadOnlySpan<byte> Key(StoredEntry* entry) => new((byte*)(entry + 1), entry->KeyLength);

    public static ReadOnlySpan<byte> Payload(StoredEntry* entry) =>
        new((byte*)(entry + 1) + entry->KeyLength, entry->PayloadLength);
}
