using System.Globalization;
using System.Text;

namespace Freshet.Core.Sql.Analysis;

/// <summary>The text that statements share which differ in their constants only: constants are <c>$n</c>, a list of
/// nothing but constants or parameters is one of them, words are folded, white space is one blank.</summary>
internal static class Normalizer
{
    private const int MostCharacters = 4096;

    public static (ulong Fingerprint, string Text) Run(List<SqlToken> tokens)
    {
        var text = new StringBuilder();
        int constants = tokens.Where(token => token.Kind == SqlTokenKind.Parameter)
            .Select(token => int.TryParse(token.Text.AsSpan(1).TrimEnd(), out int number) ? number : 0)
            .DefaultIfEmpty().Max();
        ulong hash = 14695981039346656037;
        for (int i = 0; i < tokens.Count; i++)
        {
            SqlToken token = tokens[i];
            string part = token.Kind switch
            {
                SqlTokenKind.QuotedWord => SqlQuoting.Identifier(token.Text),
                SqlTokenKind.String or SqlTokenKind.Number =>
                    "$" + (++constants).ToString(CultureInfo.InvariantCulture),
                _ => token.Text.Trim(),
            };
            foreach (char character in token.IsConstant || token.Kind == SqlTokenKind.Parameter ? "?" : part)
            {
                hash = (hash ^ character) * 1099511628211;
            }

            hash = (hash ^ ' ') * 1099511628211;
            if (text.Length < MostCharacters)
            {
                Append(text, token, part);
            }

            i = SkipList(tokens, i);
        }

        return (hash, text.Length > MostCharacters ? text.ToString(0, MostCharacters) : text.ToString());
    }

    private static void Append(StringBuilder text, SqlToken token, string part)
    {
        bool joins = token.Kind is SqlTokenKind.Dot or SqlTokenKind.Comma or SqlTokenKind.CloseParenthesis
            || text.Length == 0 || text[^1] is '(' or '.';
        text.Append(joins ? "" : " ").Append(part);
    }

    /// <summary>From the first constant of a list to the last: <c>in (1, 2, 3)</c> is <c>in ($1)</c>.</summary>
    private static int SkipList(List<SqlToken> tokens, int at)
    {
        bool Counts(int index) =>
            index < tokens.Count && (tokens[index].IsConstant || tokens[index].Kind == SqlTokenKind.Parameter);
        if (at == 0 || !Counts(at) || tokens[at - 1].Kind != SqlTokenKind.OpenParenthesis)
        {
            return at;
        }

        int end = at;
        while (end + 2 < tokens.Count && tokens[end + 1].Kind == SqlTokenKind.Comma && Counts(end + 2))
        {
            end += 2;
        }

        return end + 1 < tokens.Count && tokens[end + 1].Kind == SqlTokenKind.CloseParenthesis ? end : at;
    }
}
