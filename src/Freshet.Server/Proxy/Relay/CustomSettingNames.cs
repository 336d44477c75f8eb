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
            state.AddCustomName(match.Groups["name"].Value.Replace("\"", "", StringComparison.Ordinal));
            found = true;
        }

        return found;
    }

    private const string Word = "\"?[a-z_\u0080-\u00ff][\\w$]*\"?";

    [GeneratedRegex(
        $"""\b(?:re)?set\s+(?:session\s+|local\s+)?(?<name>{Word}(?:\s*\.\s*{Word})+)""",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Pattern();
}
