using System.Text;

namespace Freshet.Core.Sql.Analysis;

/// <summary>The value of a string constant, as the server will see it: continuations on further lines joined, escapes
/// decoded. What a literal means must be asked of its value: <c>E'\x6eow'</c> is <c>now</c> as well.</summary>
internal static class StringConstant
{
    /// <param name="text">Begins with the constant; may go on behind it.</param>
    /// <param name="conforming">The session's standard_conforming_strings.</param>
    /// <param name="length">Bytes of the constant, its last quote included.</param>
    /// <returns>Null: <c>U&amp;'…'</c> with escapes, which are not decoded here.</returns>
    public static byte[]? Decode(ReadOnlySpan<byte> text, bool conforming, out int length)
    {
        if (text[0] == '$')
        {
            int tag = text[1..].IndexOf((byte)'$') + 2;
            int end = tag + text[tag..].IndexOf(text[..tag]);
            length = end + tag;
            return text[tag..end].ToArray();
        }

        int prefix = text.IndexOf((byte)'\'');
        char letter = prefix == 0 ? ' ' : (char)(text[0] | 0x20);
        SqlStringStyle style = letter switch
        {
            'e' => SqlStringStyle.Escape,
            'b' or 'x' => SqlStringStyle.Bit,
            'u' => SqlStringStyle.Plain,
            _ => conforming ? SqlStringStyle.Plain : SqlStringStyle.Escape,
        };
        var value = new List<byte>();
        length = ReadSegments(text, prefix, style, value);
        return letter == 'u' && value.Contains((byte)'\\') ? null : [.. value];
    }

    private static int ReadSegments(ReadOnlySpan<byte> text, int at, SqlStringStyle style, List<byte> value)
    {
        while (true)
        {
            at = ReadSegment(text, at + 1, style, value);
            int next = SkipGap(text, at);
            if (next < 0)
            {
                return at;
            }

            at = next;
        }
    }

    /// <summary>From behind an opening quote to behind the closing one.</summary>
    private static int ReadSegment(ReadOnlySpan<byte> text, int at, SqlStringStyle style, List<byte> value)
    {
        while (true)
        {
            byte next = text[at++];
            if (next == '\'')
            {
                if (at == text.Length || text[at] != '\'' || style == SqlStringStyle.Bit)
                {
                    return at;
                }

                at++;
            }
            else if (next == '\\' && style == SqlStringStyle.Escape)
            {
                at += ReadEscape(text[at..], value);
                continue;
            }

            value.Add(next);
        }
    }

    /// <summary>The quote that continues the constant behind white space with a newline in it; -1: it ends.</summary>
    private static int SkipGap(ReadOnlySpan<byte> text, int at)
    {
        bool newline = false;
        for (; at < text.Length; at++)
        {
            if (text[at..].StartsWith("--"u8))
            {
                int end = text[at..].IndexOfAny((byte)'\n', (byte)'\r');
                if (end < 0)
                {
                    return -1;
                }

                at += end;
            }

            if (!SqlCharacters.IsSpace(text[at]))
            {
                return text[at] == '\'' && newline ? at : -1;
            }

            newline |= SqlCharacters.IsNewline(text[at]);
        }

        return -1;
    }

    /// <summary>What stands behind a backslash; returns how many bytes that were.</summary>
    private static int ReadEscape(ReadOnlySpan<byte> text, List<byte> value)
    {
        char letter = (char)text[0];
        int digits = letter switch
        {
            'x' => Count(text[1..], 2, char.IsAsciiHexDigit),
            'u' => Count(text[1..], 4, char.IsAsciiHexDigit),
            'U' => Count(text[1..], 8, char.IsAsciiHexDigit),
            _ => Count(text, 3, static digit => digit is >= '0' and <= '7'),
        };
        if (digits == 0)
        {
            value.Add(letter switch
            {
                'b' => (byte)'\b',
                'f' => (byte)'\f',
                'n' => (byte)'\n',
                'r' => (byte)'\r',
                't' => (byte)'\t',
                _ => text[0],
            });
            return 1;
        }

        bool octal = letter is >= '0' and <= '7';
        uint code = 0;
        foreach (byte digit in octal ? text[..digits] : text.Slice(1, digits))
        {
            code = (code * (octal ? 8u : 16u)) + (uint)Convert.ToInt32(((char)digit).ToString(), 16);
        }

        if (letter is 'u' or 'U')
        {
            value.AddRange(Encoding.UTF8.GetBytes(Rune.TryCreate(code, out Rune rune) ? rune.ToString() : "\uFFFD"));
        }
        else
        {
            value.Add((byte)code);
        }

        return octal ? digits : digits + 1;
    }

    private static int Count(ReadOnlySpan<byte> text, int most, Func<char, bool> isDigit)
    {
        int count = 0;
        while (count < most && count < text.Length && isDigit((char)text[count]))
        {
            count++;
        }

        return count;
    }
}
