using System.Runtime.InteropServices;

namespace Freshet.Core.Cache;

/// <summary>
/// How each piece of the store's native memory begins. While it is in use it may be linked into a queue; once it is
/// retired the same two words link it into the list of what waits for its readers. Readers look at neither.
/// </summary>
[StructLayout(LayoutKind.Explicit)]
internal unsafe struct NativeBlock
{
    [FieldOffset(0)]
    public NativeBlock* Newer;

    [FieldOffset(8)]
    public NativeBlock* Older;

    /// <summary>When retired: the epoch in which readers can no longer find it.</summary>
    [FieldOffset(8)]
    public long RetiredIn;

    /// <summary>What it takes of the machine's memory, the allocator's share included.</summary>
    [FieldOffset(16)]
    public long Bytes;

    /// <summary>glibc puts a word before each allocation, and takes multiples of 16 bytes.</summary>
    public static long Rounded(long wanted) => (wanted + 8 + 15) & ~15L;

    /// <param name="wanted">Bytes from this header on.</param>
    /// <param name="cleared">All zero; otherwise only this header is written.</param>
    public static NativeBlock* Allocate(long wanted, bool cleared)
    {
        var block = (NativeBlock*)(cleared
            ? NativeMemory.AllocZeroed((nuint)wanted)
            : NativeMemory.Alloc((nuint)wanted));
        *block = new NativeBlock { Bytes = Rounded(wanted) };
        return block;
    }

    public static void Free(NativeBlock* block) => NativeMemory.Free(block);
}
