namespace Freshet.Core.Policy;

/// <summary>The limits on names that configurations and hints give to results.</summary>
internal static class PolicyNames
{
    /// <summary>Most tags that one profile, one rule or one hint may give.</summary>
    public const int MostTags = 16;

    /// <summary>Longest tag or name of a profile, characters.</summary>
    public const int LongestName = 64;

    /// <summary>Longest key, characters.</summary>
    public const int LongestKey = 256;

    /// <summary>For messages.</summary>
    public const string Allowed = "1 to 64 characters without spaces, commas and control characters";

    /// <summary>A tag or the name of a profile, as a hint can write it too.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= LongestName
        && !text.Any(letter => letter == ',' || char.IsWhiteSpace(letter) || char.IsControl(letter));

    public static bool IsKey(string text) => text.Length is > 0 and <= LongestKey;
}
