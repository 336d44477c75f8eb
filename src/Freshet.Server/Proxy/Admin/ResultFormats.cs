using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Freshet.Server.Proxy.Admin;

/// <summary>The formats that a Bind asks for: none (text), one for all columns, or one for each.</summary>
internal sealed record ResultFormats(ImmutableArray<bool> Binary)
{
    public static readonly ResultFormats Text = new([]);

    public bool IsBinary(int column) =>
        Binary.Length == 1 ? Binary[0] : column < Binary.Length && Binary[column];

    /// <summary>Reads what stands at the end of a Bind; null: the bytes are none.</summary>
    public static ResultFormats? Read(ReadOnlySpan<byte> bytes, int columns)
    {
        int count = bytes.Length < 2 ? -1 : BinaryPrimitives.ReadInt16BigEndian(bytes);
        if (count < 0 || bytes.Length != 2 + (2 * count) || (count > 1 && count != columns))
        {
            return null;
        }

        var binary = ImmutableArray.CreateBuilder<bool>(count);
        for (int i = 0; i < count; i++)
        {
            short format = BinaryPrimitives.ReadInt16BigEndian(bytes[(2 + (2 * i))..]);
            if (format is not (0 or 1))
            {
                return null;
            }

            binary.Add(format == 1);
        }

        return new ResultFormats(binary.MoveToImmutable());
    }
}
