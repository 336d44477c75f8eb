using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Freshet.Core.Wire;

namespace Freshet.Server.Proxy.Admin;

/// <summary>The answer to an admin call as a small table, and its messages. Immutable. A cell is a text or an int8.
/// </summary>
internal sealed record AdminTable(
    ImmutableArray<string> Columns, bool IsNumber, ImmutableArray<ImmutableArray<string>> Rows)
{
    private const int TextType = 25, Int8Type = 20;

    /// <summary>One row, one int8 column.</summary>
    public static AdminTable Number(string column, long value) =>
        new([column], IsNumber: true, [[value.ToString(CultureInfo.InvariantCulture)]]);

    /// <summary>Columns <c>item</c> and <c>value</c>, of text.</summary>
    public static AdminTable Items(IEnumerable<(string Item, string Value)> items) =>
        new(
            ["item", "value"], IsNumber: false,
            [.. items.Select(line => ImmutableArray.Create(line.Item, line.Value))]);

    /// <summary>As <see cref="Number"/> or <see cref="Items"/> will make it, without rows.</summary>
    public static AdminTable Shape(string? numberColumn) =>
        numberColumn is null ? Items([]) : new([numberColumn], IsNumber: true, []);

    public void Describe(MessageWriter output, ResultFormats formats)
    {
        output.Begin(BackendMessage.RowDescription).Int16((short)Columns.Length);
        for (int i = 0; i < Columns.Length; i++)
        {
            output.CString(Columns[i]).Int32(0).Int16(0)
                .Int32(IsNumber ? Int8Type : TextType).Int16((short)(IsNumber ? 8 : -1)).Int32(-1)
                .Int16((short)(formats.IsBinary(i) ? 1 : 0));
        }

        output.End();
    }

    /// <summary>Some rows from <paramref name="first"/> on, and CommandComplete behind the last one, PortalSuspended
    /// before it.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="formats">Of the columns.</param>
    /// <param name="first">The row to begin with.</param>
    /// <param name="most">Rows at most; 0: all.</param>
    /// <param name="encoding">The client's.</param>
    /// <returns>The row to go on with.</returns>
    public int Write(MessageWriter output, ResultFormats formats, int first, int most, Encoding encoding)
    {
        int end = most > 0 && most < Rows.Length - first ? first + most : Rows.Length;
        for (int row = first; row < end; row++)
        {
            output.Begin(BackendMessage.DataRow).Int16((short)Columns.Length);
            for (int i = 0; i < Columns.Length; i++)
            {
                WriteCell(output, Rows[row][i], formats.IsBinary(i), encoding);
            }

            output.End();
        }

        // As the server: it does not know that the limit was the end.
        if (most > 0 && end - first == most)
        {
            output.Begin(BackendMessage.PortalSuspended).End();
        }
        else
        {
            output.Begin(BackendMessage.CommandComplete).CString($"SELECT {end - first}").End();
        }

        return end;
    }

    private void WriteCell(MessageWriter output, string cell, bool isBinary, Encoding encoding)
    {
        if (IsNumber && isBinary)
        {
            Span<byte> number = stackalloc byte[8];
            BinaryPrimitives.WriteInt64BigEndian(number, long.Parse(cell, CultureInfo.InvariantCulture));
            output.Int32(number.Length).Bytes(number);
            return;
        }

        byte[] bytes = encoding.GetBytes(cell.Replace("\0", "", StringComparison.Ordinal));
        output.Int32(bytes.Length).Bytes(bytes);
    }
}
