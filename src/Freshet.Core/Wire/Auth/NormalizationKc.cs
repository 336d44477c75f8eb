namespace Freshet.Core.Wire.Auth;

/// <summary>Unicode's normalization form KC (UAX 15) over code points: full compatibility decomposition in canonical
/// order, then canonical composition. Hangul syllables are computed, all else comes from the tables.</summary>
internal static class NormalizationKc
{
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TailCount = 28;
    private const int SyllableCount = LeadCount * VowelCount * TailCount;

    public static List<int> Decompose(List<int> text, SaslPrepTables tables)
    {
        var result = new List<int>(text.Count * 2);
        foreach (var code in text)
        {
            var syllable = code - SyllableBase;
            if (syllable is >= 0 and < SyllableCount)
            {
                result.Add(LeadBase + (syllable / (VowelCount * TailCount)));
                result.Add(VowelBase + (syllable % (VowelCount * TailCount) / TailCount));
                if (syllable % TailCount != 0) result.Add(TailBase + (syllable % TailCount));
            }
            else if (tables.Decomposition.TryGetValue(code, out var parts)) result.AddRange(parts);
            else result.Add(code);
        }

        Reorder(result, tables);
        return result;
    }

    public static List<int> Compose(List<int> text, SaslPrepTables tables)
    {
        var result = new List<int>(text.Count);
        var starter = -1;
        var lastClass = -1;
        foreach (var code in text)
        {
            var itsClass = Class(code, tables);
            // A character is blocked from the starter by one between them of the same or a higher class.
            if (starter >= 0 && lastClass < itsClass && TryCompose(result[starter], code, tables, out var composed))
            {
                result[starter] = composed;
                continue;
            }

            if (itsClass == 0)
            {
                starter = result.Count;
                lastClass = -1;
            }
            else lastClass = itsClass;
            result.Add(code);
        }

        return result;
    }

    private static bool TryCompose(int first, int second, SaslPrepTables tables, out int composed)
    {
        if (first - LeadBase is >= 0 and < LeadCount && second - VowelBase is >= 0 and < VowelCount)
        {
            composed = SyllableBase + ((((first - LeadBase) * VowelCount) + (second - VowelBase)) * TailCount);
            return true;
        }

        if (first - SyllableBase is >= 0 and < SyllableCount && (first - SyllableBase) % TailCount == 0
            && second - TailBase is > 0 and < TailCount)
        {
            composed = first + (second - TailBase);
            return true;
        }

        return tables.Composition.TryGetValue((first, second), out composed);
    }

    private static int Class(int code, SaslPrepTables tables) => tables.CombiningClass.GetValueOrDefault(code);

    private static void Reorder(List<int> text, SaslPrepTables tables)
    {
        for (var i = 1; i < text.Count; i++)
        {
            var moved = text[i];
            var itsClass = Class(moved, tables);
            if (itsClass == 0) continue;
            var j = i;
            for (; j > 0 && Class(text[j - 1], tables) > itsClass; j--) text[j] = text[j - 1];
            text[j] = moved;
        }
    }
}
