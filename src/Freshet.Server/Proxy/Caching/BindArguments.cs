using System.Buffers.Binary;

namespace Freshet.Server.Proxy.Caching;

/// <summary>Reads the parameters of a Bind, one after the other: counts of formats, formats, values, as the protocol
/// has them.</summary>
internal ref struct BindArguments
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _formats;
    private readonly int _count;
    private int _number;
    private int _at;

    /// <param name="arguments">A Bind body behind the statement's name.</param>
    public BindArguments(ReadOnlySpan<byte> arguments)
    {
        _bytes = arguments;
        _formats = arguments.Length < 2 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(arguments);
        _at = 2 + (2 * _formats);
        _count = arguments.Length - _at < 2 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(arguments[_at..]);
        _at += 2;
    }

    /// <summary>One parameter's value.</summary>
    /// <param name="arguments">A Bind body behind the statement's name.</param>
    /// <param name="number">From 1 on.</param>
    /// <param name="format">0 for text, 1 for binary.</param>
    /// <param name="value">Its bytes.</param>
    /// <returns>False when there is no such parameter, it is NULL, or the bytes are not a Bind's.</returns>
    public static bool TryGet(
        ReadOnlySpan<byte> arguments, int number, out short format, out ReadOnlySpan<byte> value)
    {
        format = 0;
        value = default;
        bool isNull = true;
        var reader = new BindArguments(arguments);
        for (int i = 1; i <= number; i++)
        {
            if (!reader.TryNext(out format, out value, out isNull))
            {
                return false;
            }
        }

        return !isNull;
    }

    /// <summary>The next parameter; false when there is none, or the bytes are not a Bind's.</summary>
    public bool TryNext(out short format, out ReadOnlySpan<byte> value, out bool isNull)
    {
        format = 0;
        value = default;
        isNull = true;
        int which = _formats == 1 ? 0 : _number;
        if (_number == _count || (_formats > 0 && which >= _formats) || _bytes.Length - _at < 4)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(_bytes[_at..]);
        if (length > _bytes.Length - _at - 4)
        {
            return false;
        }

        format = _formats == 0 ? (short)0 : BinaryPrimitives.ReadInt16BigEndian(_bytes[(2 + (2 * which))..]);
        isNull = length < 0;
        value = isNull ? default : _bytes.Slice(_at + 4, length);
        _at += 4 + value.Length;
        _number++;
        return true;
    }
}
