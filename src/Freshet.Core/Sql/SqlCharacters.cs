using System.Runtime.Intrinsics;

namespace Freshet.Core.Sql;

/// <summary>What a byte can begin. The values up to <see cref="Other"/> are tokens of one byte and equal their
/// <see cref="SqlTokenKind"/>.</summary>
internal enum SqlCharacterClass : byte
{
    Operator = SqlTokenKind.Operator,
    Comma = SqlTokenKind.Comma,
    OpenParenthesis = SqlTokenKind.OpenParenthesis,
    CloseParenthesis = SqlTokenKind.CloseParenthesis,
    Semicolon = SqlTokenKind.Semicolon,
    Other = SqlTokenKind.Other,
    Space = 32,
    Letter,
    Digit,
    Quote,
    DoubleQuote,
    Dollar,
    Dot,
    Dash,
    Slash,
}

/// <summary>PostgreSQL's character classes (<c>scan.l</c>) over bytes; every byte from 0x80 is a letter.</summary>
internal static class SqlCharacters
{
    private static readonly SqlCharacterClass[] _classes = MakeClasses();
    private static readonly byte[] _folded = MakeFolded();

    public static SqlCharacterClass ClassOf(byte value) => _classes[value];

    public static bool IsSpace(byte value) => value is (byte)' ' or (>= 9 and <= 13);

    public static bool IsNewline(byte value) => value is (byte)'\n' or (byte)'\r';

    public static bool IsDigit(byte value) => (uint)(value - '0') < 10;

    /// <summary>First character of an identifier or of a dollar quote's tag.</summary>
    public static bool IsLetter(byte value) => (uint)((value | 0x20) - 'a') < 26 || value == '_' || value >= 0x80;

    /// <summary>0 for a byte that cannot continue an identifier.</summary>
    public static byte FoldedWordByte(byte value) => _folded[value];

    public static byte Fold(byte value) => (uint)(value - 'A') < 26 ? (byte)(value | 0x20) : value;

    /// <summary>Folds 16 bytes and says which of them (bit by bit) cannot continue an identifier.</summary>
    public static uint FoldWord(Vector128<byte> bytes, out Vector128<byte> folded)
    {
        // x - low <= high - low, unsigned, without a compare that SSE2 lacks: min(x, n) == x.
        var upper = bytes - Vector128.Create((byte)'A');
        var isUpper = Vector128.Equals(Vector128.Min(upper, Vector128.Create((byte)25)), upper);
        folded = bytes | (isUpper & Vector128.Create((byte)0x20));
        var lower = folded - Vector128.Create((byte)'a');
        var digit = bytes - Vector128.Create((byte)'0');
        var inside = Vector128.Equals(Vector128.Min(lower, Vector128.Create((byte)25)), lower)
            | Vector128.Equals(Vector128.Min(digit, Vector128.Create((byte)9)), digit)
            | Vector128.Equals(bytes, Vector128.Create((byte)'_'))
            | Vector128.Equals(bytes, Vector128.Create((byte)'$'))
            | Vector128.Equals(Vector128.Max(bytes, Vector128.Create((byte)0x80)), bytes);
        return ~inside.ExtractMostSignificantBits() & 0xFFFF;
    }

    private static byte[] MakeFolded()
    {
        var folded = new byte[256];
        for (var i = 0; i < folded.Length; i++)
        {
            var value = (byte)i;
            if (IsLetter(value) || IsDigit(value) || value == '$') folded[i] = Fold(value);
        }

        return folded;
    }

    private static SqlCharacterClass[] MakeClasses()
    {
        var classes = new SqlCharacterClass[256];
        for (var i = 0; i < classes.Length; i++)
        {
            var value = (byte)i;
            classes[i] = IsSpace(value) ? SqlCharacterClass.Space
                : IsLetter(value) ? SqlCharacterClass.Letter
                : IsDigit(value) ? SqlCharacterClass.Digit
                : SqlCharacterClass.Other;
        }

        foreach (var value in "~!@#^&|`?+*%<>=:[]"u8) classes[value] = SqlCharacterClass.Operator;
        classes[','] = SqlCharacterClass.Comma;
        classes['('] = SqlCharacterClass.OpenParenthesis;
        classes[')'] = SqlCharacterClass.CloseParenthesis;
        classes[';'] = SqlCharacterClass.Semicolon;
        classes['\''] = SqlCharacterClass.Quote;
        classes['"'] = SqlCharacterClass.DoubleQuote;
        classes['$'] = SqlCharacterClass.Dollar;
        classes['.'] = SqlCharacterClass.Dot;
        classes['-'] = SqlCharacterClass.Dash;
        classes['/'] = SqlCharacterClass.Slash;
        return classes;
    }
}
