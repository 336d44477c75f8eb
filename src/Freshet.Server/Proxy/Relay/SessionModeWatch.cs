using Freshet.Core.Sql;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;

namespace Freshet.Server.Proxy.Relay;

/// <summary>In session mode nothing is changed on the way; but what <c>DISCARD ALL</c> does not undo must be noticed,
/// so that the server connection is closed instead of lent again: custom settings (they stay as empty strings),
/// loaded libraries, the seed of <c>random()</c>.</summary>
internal static class SessionModeWatch
{
    private const StatementTraits Lasting =
        StatementTraits.CustomSetting | StatementTraits.SetConfig | StatementTraits.Load | StatementTraits.Seed
        | StatementTraits.Do | StatementTraits.Opaque;

    public static void Look(ClientSession client, byte type, ReadOnlySpan<byte> message, bool whole)
    {
        if (client.State.Unclean || type is not (FrontendMessage.Query or FrontendMessage.Parse))
        {
            return;
        }

        ReadOnlySpan<byte> text = message[WireLimits.HeaderBytes..];
        if (type == FrontendMessage.Parse)
        {
            text = text[(text.IndexOf((byte)0) + 1)..];
        }

        int end = text.IndexOf((byte)0);
        if (!whole || end < 0)
        {
            client.State.Unclean = true;
            return;
        }

        StatementTraits traits = StatementScanner.Scan(text[..end], standardConformingStrings: true).Traits
            | (client.State.StandardConformingStrings
                ? StatementTraits.None
                : StatementScanner.Scan(text[..end], standardConformingStrings: false).Traits);
        client.State.Unclean = (traits & Lasting) != 0;
    }
}
