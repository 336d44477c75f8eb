using System.Buffers.Binary;
using System.Buffers.Text;

namespace Freshet.Core.Sql.Analysis;

/// <summary>
/// One hash for a key's value, whether it comes from the replication stream (text), from a Bind (text or binary) or
/// from a literal. Equal values of the key's type must have equal hashes; a value in an unusual form has none, and
/// whoever asked depends on the whole table then.
/// </summary>
internal static class KeyHash
{
    private const uint Int8 = 20, Int2 = 21, Int4 = 23, Text = 25, Varchar = 1043, Uuid = 2950;

    /// <summary>Types of keys that are followed by value.</summary>
    public static bool IsSupported(uint type) => IsInteger(type) || IsText(type) || type == Uuid;

    /// <param name="type">Oid of the key column's type.</param>
    /// <param name="format">0 for text, 1 for binary.</param>
    /// <param name="value">The value's bytes.</param>
    /// <param name="declared">Oid of the type that the parameter was declared with; 0: inferred, which is the column's.
    /// </param>
    /// <param name="hash">The hash.</param>
    public static bool TryHash(uint type, short format, ReadOnlySpan<byte> value, uint declared, out ulong hash)
    {
        hash = 0;
        if (IsInteger(type))
        {
            // integers of any width compare by value; another type could round or have digits behind the point
            uint given = declared == 0 ? type : declared;
            return IsInteger(given) && (format == 0 ? TryText(value, out hash) : TryBinary(given, value, out hash));
        }

        if (IsText(type))
        {
            // beyond ASCII the bytes depend on the encoding of whoever sends them
            return (declared == 0 || IsText(declared)) && System.Text.Ascii.IsValid(value) && TryBytes(value, out hash);
        }

        return type == Uuid && declared is 0 or Uuid && TryUuid(format, value, out hash);
    }

    /// <summary>Equal values of the two types have equal hashes, and comparing them converts neither to a third
    /// type.</summary>
    public static bool AreAlike(uint one, uint other) =>
        one == other || (IsInteger(one) && IsInteger(other)) || (IsText(one) && IsText(other));

    private static bool IsInteger(uint type) => type is Int2 or Int4 or Int8;

    private static bool IsText(uint type) => type is Text or Varchar;

    private static bool TryText(ReadOnlySpan<byte> value, out ulong hash)
    {
        bool plain = value.Length > 0 && value[0] != '+' && value[0] != ' '
            && Utf8Parser.TryParse(value, out long _, out int used) && used == value.Length;
        hash = plain && Utf8Parser.TryParse(value, out long number, out _) ? Mix((ulong)number) : 0;
        return plain;
    }

    private static bool TryBinary(uint type, ReadOnlySpan<byte> value, out ulong hash)
    {
        hash = 0;
        switch (type)
        {
            case Int2 when value.Length == 2:
                hash = Mix((ulong)(long)BinaryPrimitives.ReadInt16BigEndian(value));
                return true;
            case Int4 when value.Length == 4:
                hash = Mix((ulong)(long)BinaryPrimitives.ReadInt32BigEndian(value));
                return true;
            case Int8 when value.Length == 8:
                hash = Mix((ulong)BinaryPrimitives.ReadInt64BigEndian(value));
                return true;
            default:
                return false;
        }
    }

    private static bool TryUuid(short format, ReadOnlySpan<byte> value, out ulong hash)
    {
        Span<byte> bytes = stackalloc byte[16];
        hash = 0;
        if (format == 1)
        {
            return value.Length == 16 && TryBytes(value, out hash);
        }

        if (!Utf8Parser.TryParse(value, out Guid guid, out int used, 'D') || used != value.Length
            || !guid.TryWriteBytes(bytes, bigEndian: true, out _))
        {
            return false;
        }

        return TryBytes(bytes, out hash);
    }

    private static bool TryBytes(ReadOnlySpan<byte> bytes, out ulong hash)
    {
        hash = (ulong)bytes.Length;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (byte one in bytes)
        {
            hash = Mix(hash ^ one);
        }

        return true;
    }

    /// <summary>The finalizer of SplitMix64: every bit of the input moves half of the output's.</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
