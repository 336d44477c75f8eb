using System.Globalization;

namespace Freshet.Core.Consistency;

/// <summary>A position in the write-ahead log, PostgreSQL's <c>pg_lsn</c>: bytes since the beginning of the log.
/// Positions of different timelines do not compare.</summary>
internal readonly record struct Lsn(ulong Value) : IComparable<Lsn>
{
    public static readonly Lsn Zero;

    public static bool operator <(Lsn left, Lsn right) => left.Value < right.Value;

    public static bool operator >(Lsn left, Lsn right) => left.Value > right.Value;

    public static bool operator <=(Lsn left, Lsn right) => left.Value <= right.Value;

    public static bool operator >=(Lsn left, Lsn right) => left.Value >= right.Value;

    public int CompareTo(Lsn other) => Value.CompareTo(other.Value);

    /// <summary>Reads PostgreSQL's form, two hexadecimal numbers with a slash between them.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Lsn lsn)
    {
        lsn = Zero;
        int slash = text.IndexOf('/');
        if (slash is < 1 or > 8 || text.Length - slash is < 2 or > 9
            || !uint.TryParse(
                text[..slash], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint high)
            || !uint.TryParse(
                text[(slash + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint low))
        {
            return false;
        }

        lsn = new Lsn(((ulong)high << 32) | low);
        return true;
    }

    /// <summary>PostgreSQL's form: <c>16/B374D848</c>.</summary>
    public override string ToString() => $"{Value >> 32:X}/{(uint)Value:X}";
}
