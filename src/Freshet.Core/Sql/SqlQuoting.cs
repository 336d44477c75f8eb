namespace Freshet.Core.Sql;

/// <summary>Names and texts as they stand in SQL that Freshet writes. A literal's backslashes are its own only while
/// <c>standard_conforming_strings</c> is on.</summary>
internal static class SqlQuoting
{
    /// <summary>Quoted whether it needs it or not: reserved words do.</summary>
    public static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
