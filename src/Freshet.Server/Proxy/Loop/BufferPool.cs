using System.Numerics;

namespace Freshet.Server.Proxy.Loop;

/// <summary>
/// Lends pinned byte arrays in powers of two from 512 bytes to 1 MiB. One pool per loop, used on its thread only; an
/// array may come home to another loop's pool than it left (server connections move). Who rents, owns; an idle
/// connection rents nothing. At most <see cref="KeptBytesPerSize"/> of each size are kept for reuse.
/// </summary>
internal sealed class BufferPool
{
    internal const int SmallestBits = 9, LargestBits = 20;

    /// <summary>Kept for reuse per size: enough for 256 clients with a 16 KiB message in flight.</summary>
    internal const int KeptBytesPerSize = 4 * 1024 * 1024;

    private readonly Stack<byte[]>[] _kept = new Stack<byte[]>[LargestBits - SmallestBits + 1];
    private long _lentBytes;

    public BufferPool()
    {
        for (int i = 0; i < _kept.Length; i++)
        {
            _kept[i] = new Stack<byte[]>();
        }
    }

    /// <summary>Bytes lent out by this pool less those returned to it; only the sum over all pools has a meaning.
    /// </summary>
    public long LentBytes => Volatile.Read(ref _lentBytes);

    /// <summary>A buffer of at least <paramref name="least"/> bytes, not cleared.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than the largest size was asked for.</exception>
    public byte[] Rent(int least)
    {
        int bits = Math.Max(SmallestBits, BitOperations.Log2((uint)Math.Max(least - 1, 1)) + 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bits, LargestBits, nameof(least));
        _lentBytes += 1 << bits;
        return _kept[bits - SmallestBits].TryPop(out byte[]? buffer)
            ? buffer
            : GC.AllocateUninitializedArray<byte>(1 << bits, pinned: true);
    }

    public void Return(byte[] buffer)
    {
        int bits = BitOperations.Log2((uint)buffer.Length);
        _lentBytes -= buffer.Length;
        Stack<byte[]> kept = _kept[bits - SmallestBits];
        if ((long)(kept.Count + 1) << bits <= KeptBytesPerSize)
        {
            kept.Push(buffer);
        }
    }
}
