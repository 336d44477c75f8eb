using System.Text;
using System.Text.RegularExpressions;
using Freshet.Server.Proxy.Clients;

namespace Freshet.Server.Proxy.Relay;

/// <summary>Finds the custom settings (names with a dot) that a text sets or resets, wherever it does: several
/// statements in one query, the body of a DO. No catalogue lists them, so they have to be asked for by name. A false
/// positive asks for one more name.</summary>
internal static partial class CustomSettingNames
{
    /// <summary>Remembers the names; false when there is none to be seen.</summary>
    public static bool Note(ReadOnlySpan<byte> text, SessionState state)
    {
        bool found = false;
        foreach (Match match in Pattern().Matches(Encoding.Latin1.GetString(text)))
        {
            state.AddCustomName(string.Concat(match.Groups["name"].Value.Where(c => c > ' ' && c != '"')));
            found = true;
        }

        return found;
    }

    // Blanks are the server's, which are ASCII: the text is Latin-1, and the rest may be parts of longer characters.
    [GeneratedRegex(
        """
        \b(?:re)?set[ \t-\r]+(?:(?:session|local)[ \t-\r]+)?
        (?<name>"?[a-z_\u0080-\u00ff][\w$\u0080-\u00ff]*"?
        (?:[ \t-\r]*\.[ \t-\r]*"?[a-z_\u0080-\u00ff][\w$\u0080-\u00ff]*"?)+)
        """,
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture
        | RegexOptions.IgnorePatternWhitespace, 1000)]
    private static partial Regex Pattern();
}
