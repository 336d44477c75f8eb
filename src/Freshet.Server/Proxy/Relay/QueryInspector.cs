using System.Text;
using Freshet.Core.Sql;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Admin;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Relay;

/// <summary>What the text of a simple query means for the session when server connections are shared. The scanner
/// yields a superset of what could happen; nearly every query has no trait at all and goes straight on.</summary>
internal static class QueryInspector
{
    private const StatementTraits Interesting =
        SessionState.Suspect | SessionState.Unpinning | StatementTraits.DiscardAll | StatementTraits.Prepare
        | StatementTraits.Execute | StatementTraits.Deallocate | StatementTraits.Load | StatementTraits.Seed
        | StatementTraits.CustomSetting;

    private const StatementTraits Settings =
        StatementTraits.Set | StatementTraits.Reset | StatementTraits.CustomSetting;

    private const StatementTraits Preparing =
        StatementTraits.Prepare | StatementTraits.Execute | StatementTraits.Deallocate;

    public static InspectionResult Inspect(
        ClientSession client, ServerConnection server, ReadOnlySpan<byte> message, ref RelayOutput output)
    {
        ReadOnlySpan<byte> text = message[WireLimits.HeaderBytes..];
        text = text.IsEmpty ? text : text[..^1];
        bool conforming = client.State.StandardConformingStrings;
        StatementScan scan = StatementScanner.Scan(text, conforming);
        if ((scan.Traits & StatementTraits.AdminCall) != 0 && AdminGate.Linked(client, server, message) is { } admin)
        {
            return admin;
        }

        if ((scan.Traits & Interesting) == 0)
        {
            return InspectionResult.Forward;
        }

        StatementTraits traits = scan.Traits;
        client.State.ResetUnderWay |= (traits & SessionState.Resetting) != 0;
        if ((traits & (Preparing | StatementTraits.DiscardAll)) != 0)
        {
            if (server.IsBusy && !server.OpenBatch)
            {
                return InspectionResult.Wait;
            }

            server.CloseWhenReleased |= server.OpenBatch;
        }

        bool lone = scan.Statements == 1;
        if ((traits & Settings) != 0)
        {
            traits = NoteSetting(client, server, text, conforming, traits, lone);
        }

        NoteTraits(client, text, traits);
        if ((traits & Preparing) != 0)
        {
            return lone
                ? SqlStatements.Handle(client, server, text, traits, conforming, ref output)
                : SqlStatements.HandleBatch(client, server, traits, ref output);
        }

        return new InspectionResult(InspectionAction.Forward, 0, (traits & StatementTraits.DiscardAll) != 0);
    }

    /// <summary>A statement of the extended protocol is about to run.</summary>
    public static void NoteTraits(ClientSession client, ReadOnlySpan<byte> text, StatementTraits traits)
    {
        SessionState state = client.State;
        state.ResetUnderWay |= (traits & SessionState.Resetting) != 0;
        if ((traits & StatementTraits.Do) != 0)
        {
            CustomSettingNames.Note(text, state);
            SetConfigCalls.Read(text, state);
        }

        if ((traits & StatementTraits.SetConfig) != 0)
        {
            bool lasting = SetConfigCalls.Read(text, state);
            traits = lasting ? traits : traits & ~StatementTraits.SetConfig;
        }

        state.Pending |= traits & (SessionState.Suspect | SessionState.Unpinning);
        PinReasons forGood = ((traits & StatementTraits.Load) != 0 ? PinReasons.Library : PinReasons.None)
            | ((traits & StatementTraits.Seed) != 0 ? PinReasons.Seed : PinReasons.None);
        if ((state.Pins & forGood) != forGood)
        {
            client.Link.SetPins(state.Pins | forGood);
            state.Unclean = true;
        }
    }

    public static void OnLongText(ClientSession client, StatementTraits traits)
    {
        NoteTraits(client, default, traits);
        if ((traits & StatementTraits.Prepare) != 0)
        {
            client.Link.SetPins(client.State.Pins | PinReasons.SqlPrepare);
        }
    }

    /// <summary>A function called by its number could be anything.</summary>
    public static InspectionResult OnFunctionCall(ClientSession client)
    {
        client.State.Pending |= StatementTraits.Opaque;
        return InspectionResult.Forward;
    }

    /// <summary>A single SET or RESET at rest needs no question to the server afterwards. Returns the traits that
    /// still do.</summary>
    private static StatementTraits NoteSetting(
        ClientSession client, ServerConnection server, ReadOnlySpan<byte> text, bool conforming, StatementTraits traits,
        bool lone)
    {
        string? value = null;
        string name = "";
        bool known = lone
            && (LoneStatement.TryParseSet(text, conforming, out name, out value)
                || LoneStatement.TryParseReset(text, conforming, out name));
        if (!known)
        {
            // Several statements, or a form whose value only the server can tell.
            if ((traits & StatementTraits.CustomSetting) != 0 && !CustomSettingNames.Note(text, client.State))
            {
                client.Link.SetPins(client.State.Pins | PinReasons.UnknownSetting);
            }

            return traits;
        }

        // Settings are kept byte for byte, as Latin-1 text: that is how they go back to a server.
        name = Bytewise(name);
        value = value is null ? null : Bytewise(value);
        if (name.Contains('.', StringComparison.Ordinal))
        {
            client.State.AddCustomName(name);
        }

        if (server.IsBusy || server.Status != TransactionStatus.Idle || client.State.Pending != StatementTraits.None)
        {
            return traits;
        }

        client.State.LoneSetting = (name, value);
        return traits & ~Settings;
    }

    private static string Bytewise(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
}
