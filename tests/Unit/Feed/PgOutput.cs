using System.Text;
using Freshet.Core.Wire;

namespace Freshet.Tests.Unit.Feed;

/// <summary>Builds pgoutput's messages, for the tests of who reads them.</summary>
internal static class PgOutput
{
    public static byte[] Begin(uint transaction) =>
        Int64(Int64(new MessageWriter().Byte((byte)'B'), 0), 0).Int32((int)transaction).ToArray();

    public static byte[] Commit(ulong end, long microseconds = 0) =>
        Int64(Int64(Int64(new MessageWriter().Byte((byte)'C').Byte(0), (long)end - 1), (long)end), microseconds)
            .ToArray();

    /// <param name="table">Its oid.</param>
    /// <param name="identity">d, i, f or n.</param>
    /// <param name="columns">Names; a star behind one makes it part of the key. Types are int4.</param>
    public static byte[] Relation(uint table, char identity, params string[] columns)
    {
        MessageWriter message = new MessageWriter().Byte((byte)'R').Int32((int)table)
            .CString("public").CString($"t{table}").Byte((byte)identity).Int16((short)columns.Length);
        foreach (string column in columns)
        {
            message.Byte(column.EndsWith('*') ? (byte)1 : (byte)0).CString(column.TrimEnd('*')).Int32(23).Int32(-1);
        }

        return message.ToArray();
    }

    public static byte[] Insert(uint table, params string?[] row) =>
        Row(new MessageWriter().Byte((byte)'I').Int32((int)table), 'N', row).ToArray();

    public static byte[] Update(uint table, string?[]? oldKey, string?[] row, char kind = 'K')
    {
        MessageWriter message = new MessageWriter().Byte((byte)'U').Int32((int)table);
        return Row(oldKey is null ? message : Row(message, kind, oldKey), 'N', row).ToArray();
    }

    public static byte[] Delete(uint table, params string?[] key) =>
        Row(new MessageWriter().Byte((byte)'D').Int32((int)table), 'K', key).ToArray();

    public static byte[] Truncate(params uint[] tables)
    {
        MessageWriter message = new MessageWriter().Byte((byte)'T').Int32(tables.Length).Byte(0);
        foreach (uint table in tables)
        {
            message.Int32((int)table);
        }

        return message.ToArray();
    }

    public static byte[] Message(string prefix, bool isTransactional) =>
        Int64(new MessageWriter().Byte((byte)'M').Byte(isTransactional ? (byte)1 : (byte)0), 5)
            .CString(prefix).Int32(2).Bytes("hi"u8).ToArray();

    private static MessageWriter Row(MessageWriter message, char kind, string?[] row)
    {
        message.Byte((byte)kind).Int16((short)row.Length);
        foreach (string? value in row)
        {
            if (value is null)
            {
                message.Byte((byte)'n');
            }
            else if (value is "unchanged")
            {
                message.Byte((byte)'u');
            }
            else
            {
                byte[] bytes = Encoding.UTF8.GetBytes(value);
                message.Byte((byte)'t').Int32(bytes.Length).Bytes(bytes);
            }
        }

        return message;
    }

    private static MessageWriter Int64(MessageWriter message, long value) =>
        message.Int32((int)(value >> 32)).Int32((int)value);
}
