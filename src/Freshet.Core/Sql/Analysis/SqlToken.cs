namespace Freshet.Core.Sql.Analysis;

/// <summary>A token of a statement.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">Names as the server takes them, the rest as it stands, byte for byte.</param>
/// <param name="Start">Where it begins.</param>
/// <param name="End">Where the lexer had read to when it knew its end.</param>
internal readonly record struct SqlToken(SqlTokenKind Kind, string Text, int Start, int End)
{
    public bool IsName => Kind is SqlTokenKind.Word or SqlTokenKind.QuotedWord;

    public bool IsWord(string word) => Kind == SqlTokenKind.Word && string.Equals(Text, word, StringComparison.Ordinal);

    public bool IsConstant => Kind is SqlTokenKind.String or SqlTokenKind.Number;
}
