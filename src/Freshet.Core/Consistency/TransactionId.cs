namespace Freshet.Core.Consistency;

/// <summary>A transaction's 32-bit number (<c>xid</c>) as the stream tells it. It wraps around:
/// <see cref="VisibilitySnapshot"/> compares it with 64-bit ones.</summary>
internal readonly record struct TransactionId(uint Value)
{
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
