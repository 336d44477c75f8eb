namespace Freshet.Core.Sql;

/// <summary>How a numeric constant goes on: digits, underscores, one exponent with its sign, the prefixes 0x 0o 0b.
/// Letters behind a number belong to it: the server rejects them as junk.</summary>
internal static class SqlNumbers
{
    public static bool Continues(ref SqlNumberPart number, byte next)
    {
        if (number == SqlNumberPart.None && SqlCharacters.IsDigit(next)) return true;
        var sign = (number & SqlNumberPart.ExponentSign) != SqlNumberPart.None;
        var zero = (number & SqlNumberPart.Zero) != SqlNumberPart.None;
        number &= ~(SqlNumberPart.ExponentSign | SqlNumberPart.Zero);
        if (SqlCharacters.IsDigit(next)) return true;
        if (!SqlCharacters.IsLetter(next)) return sign && (next is (byte)'+' or (byte)'-');
        var letter = SqlCharacters.Fold(next);
        if (zero && (letter is (byte)'x' or (byte)'o' or (byte)'b')) number |= SqlNumberPart.Prefix;
        else if (letter == 'e' && (number & (SqlNumberPart.Exponent | SqlNumberPart.Prefix)) == SqlNumberPart.None)
            number |= SqlNumberPart.Exponent | SqlNumberPart.ExponentSign;
        return true;
    }

    public static bool MayHavePoint(SqlNumberPart number) =>
        (number & (SqlNumberPart.Point | SqlNumberPart.Exponent | SqlNumberPart.Prefix)) == SqlNumberPart.None;
}
