using Freshet.Core.Sql;
using Freshet.Server.Proxy.State;
using Freshet.Server.Proxy.Statements;

namespace Freshet.Server.Proxy.Clients;

/// <summary>What a client may rely on from one transaction to the next, whatever server connection serves it. Used on
/// the client's loop only.</summary>
internal sealed class SessionState
{
    /// <summary>Names of custom settings remembered per session; one more pins the session instead.</summary>
    internal const int MostCustomNames = 100;

    /// <summary>What could have changed state that the protocol does not report: a query to the server tells, at the
    /// end of the transaction.</summary>
    internal const StatementTraits Suspect =
        StatementTraits.Set | StatementTraits.SetConfig | StatementTraits.Reset | StatementTraits.ResetAll
        | StatementTraits.SessionAuthorization | StatementTraits.Listen | StatementTraits.TempObject
        | StatementTraits.AdvisoryLock | StatementTraits.HoldCursor | StatementTraits.Do | StatementTraits.Opaque
        | StatementTraits.Discard;

    /// <summary>What takes settings back to those of the start.</summary>
    internal const StatementTraits Resetting =
        StatementTraits.Reset | StatementTraits.ResetAll | StatementTraits.DiscardAll;

    /// <summary>What could have undone the reason of a pin.</summary>
    internal const StatementTraits Unpinning =
        StatementTraits.Unlisten | StatementTraits.AdvisoryUnlock | StatementTraits.CloseCursor | StatementTraits.Drop
        | StatementTraits.TransactionEnd;

    /// <summary>Start-up settings: what RESET goes back to.</summary>
    public SettingsSet Baseline { get; set; } = SettingsSet.Empty;

    public SettingsSet Settings { get; set; } = SettingsSet.Empty;

    public ClientStatements? Statements { get; set; }

    public PinReasons Pins { get; set; }

    /// <summary>Traits of the statements sent since the state was last known.</summary>
    public StatementTraits Pending { get; set; }

    /// <summary>The one SET or RESET under way outside a transaction; the value is null for RESET.</summary>
    public (string Name, string? Value)? LoneSetting { get; set; }

    /// <summary>The PREPARE (with its text) or DEALLOCATE (null) of SQL under way.</summary>
    public (string Name, byte[]? Text)? SqlUnderWay { get; set; }

    /// <summary>A RESET or DISCARD ALL was sent since the session was last at rest.</summary>
    public bool ResetUnderWay { get; set; }

    /// <summary>What the client was last told, while the ParameterStatus messages of a DISCARD ALL come in.</summary>
    public SettingsSet? SettingsBeforeDiscard { get; set; }

    /// <summary>An error arrived since the last statement was sent.</summary>
    public bool SawError { get; set; }

    /// <summary>Settings with a dot in their name that this session used: no catalogue lists them.</summary>
    public HashSet<string>? CustomNames { get; private set; }

    /// <summary>A setting was changed whose name is not known: to be pinned.</summary>
    public bool HasUnknownSetting { get; set; }

    /// <summary>Something was done that DISCARD ALL does not undo: the server connection is not lent again.</summary>
    public bool Unclean { get; set; }

    public ClientStatements NeedStatements() => Statements ??= new ClientStatements();

    public bool StandardConformingStrings =>
        !string.Equals(Settings.Find("standard_conforming_strings"), "off", StringComparison.Ordinal);

    public bool NeedsProbe =>
        (Pending & Suspect) != 0 || (Pins != PinReasons.None && (Pending & Unpinning) != 0);

    public void AddCustomName(string name)
    {
        CustomNames ??= new HashSet<string>(StringComparer.Ordinal);
        if (CustomNames.Count >= MostCustomNames)
        {
            HasUnknownSetting = true;
        }
        else
        {
            CustomNames.Add(SettingsSet.Fold(name));
        }
    }

    /// <summary>DISCARD ALL was executed.</summary>
    public void Discarded()
    {
        Statements?.Clear();
        SettingsBeforeDiscard = Settings;
        Settings = Baseline;
        Pins = PinReasons.None;
        Pending = StatementTraits.None;
        LoneSetting = null;
        SqlUnderWay = null;
    }
}
