using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Freshet.Core.Cache;

/// <summary>A 64-bit hash of a key, seeded anew with each process so that nobody outside can choose keys that collide.
/// Two lanes of 64-bit multiplications whose high and low halves are folded together.</summary>
internal static class ResultHash
{
    private const ulong First = 0xA0761D6478BD642F, Second = 0xE7037ED1A0B428DB, Third = 0x8EBC6AF09C88C6E3;

    private static readonly ulong Seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8));

    public static ulong Compute(ReadOnlySpan<byte> key)
    {
        ulong hash = Seed ^ Fold((ulong)key.Length ^ First, Second);
        while (key.Length > 16)
        {
            hash = Fold(
                BinaryPrimitives.ReadUInt64LittleEndian(key) ^ Second ^ hash,
                BinaryPrimitives.ReadUInt64LittleEndian(key[8..]) ^ Third);
            key = key[16..];
        }

        Span<byte> last = stackalloc byte[16];
        last.Clear();
        key.CopyTo(last);
        return Fold(
            BinaryPrimitives.ReadUInt64LittleEndian(last) ^ First ^ hash,
            BinaryPrimitives.ReadUInt64LittleEndian(last[8..]) ^ Third);
    }

    private static ulong Fold(ulong one, ulong other)
    {
        ulong high = Math.BigMul(one, other, out ulong low);
        return high ^ low;
    }
}
