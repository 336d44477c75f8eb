using System.Text;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Relay;

/// <summary>
/// Reads the calls of <c>set_config</c> in a text: which settings they name, and whether they last beyond the
/// transaction. Only the plain form with literals is understood (<c>set_config('name', …, true)</c>); a name that is
/// not a literal pins the session, because no catalogue lists custom settings.
/// </summary>
internal static class SetConfigCalls
{
    /// <summary>How far the end of a call is looked for, so that a text full of open calls costs no more than its
    /// length; a longer call may last.</summary>
    private const int LongestCall = 1024;

    private static ReadOnlySpan<byte> Name => "set_config"u8;

    /// <summary>Remembers the names; true when something may last.</summary>
    public static bool Read(ReadOnlySpan<byte> text, SessionState state)
    {
        bool lasting = text.IsEmpty;
        bool found = false;
        for (int at = 0; at + Name.Length < text.Length; at++)
        {
            if (!Ascii.EqualsIgnoreCase(text.Slice(at, Name.Length), Name))
            {
                continue;
            }

            found = true;
            if (!TryRead(text[(at + Name.Length)..], out string setting, out bool local))
            {
                state.HasUnknownSetting = true;
                lasting = true;
            }
            else if (!local)
            {
                lasting = true;
                if (setting.Contains('.', StringComparison.Ordinal))
                {
                    state.AddCustomName(setting);
                }
            }
        }

        return lasting || !found;
    }

    private static bool TryRead(ReadOnlySpan<byte> rest, out string setting, out bool local)
    {
        setting = "";
        local = false;
        rest = rest.TrimStart(" \t\r\n\""u8);
        if (rest.IsEmpty || rest[0] != (byte)'(')
        {
            return false;
        }

        rest = rest[1..].TrimStart(" \t\r\n"u8);
        if (rest.IsEmpty || rest[0] != (byte)'\'')
        {
            return false;
        }

        int end = rest[1..].IndexOfAny("'\\"u8);
        if (end < 0 || rest[end + 1] != (byte)'\'')
        {
            return false;
        }

        setting = Encoding.Latin1.GetString(rest.Slice(1, end)); // byte for byte, as all settings
        rest = rest[(end + 2)..];
        local = Ascii.EqualsIgnoreCase(LastArgument(rest[..Math.Min(rest.Length, LongestCall)]), "true"u8);
        return true;
    }

    /// <summary>What stands between the last comma of the call and its closing parenthesis; empty when the call is
    /// not simple enough to tell.</summary>
    private static ReadOnlySpan<byte> LastArgument(ReadOnlySpan<byte> rest)
    {
        int depth = 0,
            comma = -1;
        bool quoted = false;
        for (int i = 0; i < rest.Length; i++)
        {
            byte c = rest[i];
            if (c is (byte)'\\' or (byte)'$' && quoted)
            {
                return default;
            }

            if (c == (byte)'\'')
            {
                quoted = !quoted;
            }
            else if (quoted)
            {
                continue;
            }
            else if (c == (byte)'(')
            {
                depth++;
            }
            else if (c == (byte)',' && depth == 0)
            {
                comma = i;
            }
            else if (c == (byte)')' && depth-- == 0)
            {
                return comma < 0 ? default : rest[(comma + 1)..i].Trim(" \t\r\n"u8);
            }
        }

        return default;
    }
}
