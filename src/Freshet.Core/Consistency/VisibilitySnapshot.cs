using System.Globalization;

namespace Freshet.Core.Consistency;

/// <summary>Which transactions a statement would have seen that began when this was taken:
/// <c>pg_current_snapshot()</c>, whose text is <c>xmin:xmax:xip_list</c> with 64-bit numbers.</summary>
internal sealed class VisibilitySnapshot
{
    private readonly ulong[] _running;

    private VisibilitySnapshot(ulong oldest, ulong next, ulong[] running)
    {
        Oldest = oldest;
        Next = next;
        _running = running;
    }

    /// <summary>xmin: whatever is older has ended.</summary>
    public ulong Oldest { get; }

    /// <summary>xmax: whatever is not older had not begun.</summary>
    public ulong Next { get; }

    /// <exception cref="FormatException">The text is not a <c>pg_snapshot</c>.</exception>
    public static VisibilitySnapshot Parse(ReadOnlySpan<char> text)
    {
        int first = text.IndexOf(':');
        int second = first < 0 ? -1 : text[(first + 1)..].IndexOf(':');
        if (second < 0)
        {
            throw new FormatException($"\"{text}\" is not a pg_snapshot");
        }

        ReadOnlySpan<char> list = text[(first + second + 2)..];
        var running = list.IsEmpty ? [] : new ulong[list.Count(',') + 1];
        int count = 0;
        foreach (Range part in list.Split(','))
        {
            if (!list[part].IsEmpty)
            {
                running[count++] = Number(list[part]);
            }
        }

        Array.Sort(running);
        return new VisibilitySnapshot(
            Number(text[..first]), Number(text.Slice(first + 1, second)), running);
    }

    /// <summary>True when the transaction, which had committed before, is seen.</summary>
    public bool Shows(TransactionId transaction)
    {
        ulong full = Widen(transaction);
        return full < Oldest || (full < Next && Array.BinarySearch(_running, full) < 0);
    }

    /// <summary>The 64-bit number: the one of all with these low bits that is nearest to <see cref="Next"/>, as no
    /// two living transactions are 2^31 apart.</summary>
    private ulong Widen(TransactionId transaction)
    {
        int distance = unchecked((int)(transaction.Value - (uint)Next));
        return unchecked(Next + (ulong)(long)distance);
    }

    private static ulong Number(ReadOnlySpan<char> text) =>
        ulong.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
