namespace Freshet.Core.Sql.Analysis;

/// <summary>PostgreSQL's types whose input function reads <c>now</c> as the present, and those that hold such
/// values.</summary>
internal static class DateTypes
{
    /// <summary>Oids of time with time zone and its array: conversions to it take the zone's offset of today.</summary>
    public const uint ZonedTime = 1266, ZonedTimeArray = 1270;

    private const uint Date = 1082, Time = 1083, Timestamp = 1114, ZonedTimestamp = 1184;

    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "date", "time", "timetz", "timestamp", "timestamptz", "abstime", "daterange", "tsrange", "tstzrange",
        "datemultirange", "tsmultirange", "tstzmultirange", "record",
    };

    /// <summary>By name; an array's name has an underscore before that of its elements.</summary>
    public static bool Contains(string name) =>
        Names.Contains(name) || (name.StartsWith('_') && Names.Contains(name.TrimStart('_')));

    /// <summary>A column of such a type holds no text that could say <c>now</c>.</summary>
    public static bool IsDate(uint type) => type is Date or Time or Timestamp or ZonedTimestamp;
}
