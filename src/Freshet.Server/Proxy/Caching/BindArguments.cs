using System.Buffers.Binary;

namespace Freshet.Server.Proxy.Caching;

/// <summary>Reads the parameters of a Bind: counts of formats, formats, values, as the protocol has them.</summary>
internal static class BindArguments
{
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
        if (number < 1 || !TryFormats(arguments, out int formats, out int at)
            || arguments.Length - at < 2 || number > BinaryPrimitives.ReadUInt16BigEndian(arguments[at..]))
        {
            return false;
        }

        if (formats > 0)
        {
            int which = formats == 1 ? 0 : number - 1;
            if (which >= formats)
            {
                return false;
            }

            format = BinaryPrimitives.ReadInt16BigEndian(arguments[(2 + (2 * which))..]);
        }

        at += 2;
        for (int i = 1; ; i++)
        {
            if (arguments.Length - at < 4)
            {
                return false;
            }

            int length = BinaryPrimitives.ReadInt32BigEndian(arguments[at..]);
            at += 4;
            if (length > arguments.Length - at)
            {
                return false;
            }

            if (i == number)
            {
                value = length < 0 ? default : arguments.Slice(at, length);
                return length >= 0;
            }

            at += Math.Max(length, 0);
        }
    }

    /// <summary>How many parameters there are; -1 when the bytes are not a Bind's.</summary>
    public static int Count(ReadOnlySpan<byte> arguments) =>
        TryFormats(arguments, out _, out int at) && arguments.Length - at >= 2
            ? BinaryPrimitives.ReadUInt16BigEndian(arguments[at..])
            : -1;

    private static bool TryFormats(ReadOnlySpan<byte> arguments, out int count, out int behind)
    {
        count = arguments.Length < 2 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(arguments);
        behind = 2 + (2 * count);
        return arguments.Length >= behind;
    }
}
