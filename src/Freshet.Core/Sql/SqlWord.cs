using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Freshet.Core.Sql;

/// <summary>The word that <see cref="SqlLexer"/> is reading or has read: its length and its first 64 bytes.</summary>
internal struct SqlWord
{
    /// <summary>How much is kept; an identifier of PostgreSQL has at most 63 bytes.</summary>
    public const int KeptLength = 64;

    // Room for a whole vector behind the last kept byte.
    [InlineArray(KeptLength + 16)]
    private struct Buffer
    {
        private byte _first;
    }

    private Buffer _buffer;

    /// <summary>Full length in bytes, quotes not counted.</summary>
    public int Length { get; private set; }

    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Kept => ((ReadOnlySpan<byte>)_buffer)[..Math.Min(Length, KeptLength)];

    /// <summary>Bytes 0-7, little-endian, zero-padded.</summary>
    public readonly ulong Head => Masked(BinaryPrimitives.ReadUInt64LittleEndian(_buffer), Length);

    /// <summary>Bytes 8-15.</summary>
    public readonly ulong Tail =>
        Masked(BinaryPrimitives.ReadUInt64LittleEndian(((ReadOnlySpan<byte>)_buffer)[8..]), Length - 8);

    public void Clear() => Length = 0;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var room = KeptLength - Length;
        if (room > 0) bytes[..Math.Min(room, bytes.Length)].CopyTo(((Span<byte>)_buffer)[Length..]);
        Length += bytes.Length;
    }

    /// <summary>Takes what continues an identifier off the front, folded; returns how many bytes that were.</summary>
    public int AppendFolded(ReadOnlySpan<byte> bytes)
    {
        Span<byte> kept = _buffer;
        var at = 0;
        var length = Length;
        while (bytes.Length - at >= Vector128<byte>.Count)
        {
            var stop = SqlCharacters.FoldWord(Vector128.Create(bytes[at..]), out var folded);
            if (length < KeptLength) folded.CopyTo(kept[length..]);
            var taken = int.TrailingZeroCount((int)(stop | 0x10000));
            length += taken;
            at += taken;
            if (stop == 0) continue;
            Length = length;
            return at;
        }

        for (; at < bytes.Length; at++, length++)
        {
            var folded = SqlCharacters.FoldedWordByte(bytes[at]);
            if (folded == 0) break;
            if (length < KeptLength) kept[length] = folded;
        }

        Length = length;
        return at;
    }

    private static ulong Masked(ulong bytes, int length) =>
        length >= 8 ? bytes : length <= 0 ? 0 : bytes & ((1UL << (8 * length)) - 1);
}
