namespace Freshet.Core.Catalog;

/// <summary>
/// Functions of PostgreSQL that are STABLE but whose results depend only on their arguments and on settings, which
/// stand in the key of a result or whose change counts as a change of the schema. Not listed, and so refused: what
/// reads the clock (<c>now</c>, <c>age</c> with one argument, what makes a row with dates from a document that may say
/// <c>now</c>), the catalogues, other tables, the session or the server's state.
/// </summary>
internal static class TrustedBuiltIns
{
    private static readonly HashSet<string> Stable = new(StringComparer.Ordinal)
    {
        "array_agg", "array_out", "array_to_json", "array_to_string", "concat", "concat_ws", "date",
        "date_add", "date_bin", "date_part", "date_subtract", "date_trunc", "extract", "format", "generate_series",
        "interval", "isfinite", "json_agg", "json_agg_strict", "json_build_array", "json_build_object",
        "json_object_agg", "json_to_record", "json_to_recordset", "jsonb_agg_strict",
        "jsonb_build_array", "jsonb_build_object", "jsonb_object_agg", "jsonb_to_record", "jsonb_to_recordset",
        "length", "make_timestamptz", "money", "mode", "percentile_cont", "percentile_disc", "phraseto_tsquery",
        "plainto_tsquery", "quote_literal", "quote_nullable", "row_to_json", "string_agg", "string_to_table",
        "substring", "text", "time", "timestamp", "timestamptz", "timezone", "to_char", "to_date", "to_json",
        "to_jsonb", "to_number", "to_timestamp", "to_tsquery", "to_tsvector", "ts_headline", "varchar",
        "websearch_to_tsquery", "xmlagg",
    };

    public static bool Contains(string name) => Stable.Contains(name);
}
