namespace Freshet.Server.Proxy.State;

/// <summary>Why a session keeps its server connection between transactions. The text is the metric's label.</summary>
[Flags]
internal enum PinReasons
{
    None = 0,
    Listen = 1,
    TemporaryTable = 2,
    AdvisoryLock = 4,
    HoldCursor = 8,
    SqlPrepare = 16,
    LargeStatement = 32,
    PreparedStatement = 64,
    UnknownSetting = 128,
    Library = 256,
    Seed = 512,
}

internal static class PinReasonNames
{
    internal static readonly (PinReasons Reason, string Name)[] All =
    [
        (PinReasons.Listen, "listen"),
        (PinReasons.TemporaryTable, "temp_table"),
        (PinReasons.AdvisoryLock, "advisory_lock"),
        (PinReasons.HoldCursor, "hold_cursor"),
        (PinReasons.SqlPrepare, "sql_prepare"),
        (PinReasons.LargeStatement, "large_statement"),
        (PinReasons.PreparedStatement, "prepared_statement"),
        (PinReasons.UnknownSetting, "unknown_setting"),
        (PinReasons.Library, "load"),
        (PinReasons.Seed, "seed"),
    ];
}
