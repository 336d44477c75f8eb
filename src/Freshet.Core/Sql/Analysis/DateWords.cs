namespace Freshet.Core.Sql.Analysis;

/// <summary>The words that PostgreSQL's date types read as a moment relative to the present: <c>now</c>, <c>today</c>,
/// <c>tomorrow</c>, <c>yesterday</c> (in any case, anywhere in the text: <c>today 04:05</c>).</summary>
internal static class DateWords
{
    private static readonly byte[][] Words = ["now"u8.ToArray(), "today"u8.ToArray(), "tomorrow"u8.ToArray(),
        "yesterday"u8.ToArray()];

    /// <summary>Whether one of them stands in the text as a word of its own. Words that digits or other letters join
    /// are none: the server's date parser takes runs of letters.</summary>
    public static bool MayContain(ReadOnlySpan<byte> text)
    {
        for (int at = 0; at < text.Length;)
        {
            if (!char.IsAsciiLetter((char)text[at]))
            {
                at++;
                continue;
            }

            int start = at;
            while (at < text.Length && char.IsAsciiLetter((char)text[at]))
            {
                at++;
            }

            foreach (byte[] word in Words)
            {
                if (System.Text.Ascii.EqualsIgnoreCase(text[start..at], word))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
