using System.Text;

namespace Freshet.Server.Configuration;

/// <summary>Makes text from outside fit to be shown: control characters escaped, passwords masked.</summary>
internal static class SafeText
{
    public const string Mask = "***";

    private const int LongestValue = 100;

    /// <summary>Escapes control characters, so that no input can fake a second line or colour a terminal.</summary>
    public static string OneLine(string text)
    {
        if (!text.Any(char.IsControl))
            return text;
        var safe = new StringBuilder(text.Length + 8);
        foreach (var character in text)
        {
            if (char.IsControl(character))
                safe.Append($"\\u{(int)character:x4}");
            else
                safe.Append(character);
        }
        return safe.ToString();
    }

    /// <summary>A value of a setting that is not secret, in quotes. Somebody may still have put a connection string
    /// there: what looks like one is masked.</summary>
    public static string Quote(string value)
    {
        var shown = MaskConnectionString(value);
        return $"\"{(shown.Length <= LongestValue ? shown : shown[..LongestValue] + "…")}\"";
    }

    /// <summary>Masks whatever could be a secret in something that may be a URL or a keyword/value connection
    /// string; other text comes back as it is.</summary>
    public static string MaskConnectionString(string value)
    {
        var scheme = value.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0)
            return PostgresUrl.TryParse(value, out var url, out _) ? url.ToString() : value[..(scheme + 3)] + Mask;
        return value.Contains("password", StringComparison.OrdinalIgnoreCase)
            || value.Contains("pwd", StringComparison.OrdinalIgnoreCase)
            || value.StartsWith("SCRAM-SHA-256$", StringComparison.OrdinalIgnoreCase)
            ? Mask
            : value;
    }
}
