using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Freshet.Core.Sql.Analysis;

/// <summary>
/// Recognises <c>SELECT … FROM relation [[AS] alias] [JOIN relation … ON …] WHERE column = value [AND …] [GROUP BY …]
/// [ORDER BY …] [LIMIT …]</c>. WHERE filters what the joins give, outer ones too, so a row of a relation that does not
/// meet an equality on it has no part in the result, and its absence neither. Whatever could make an equality something
/// else than a conjunct (OR, NOT, BETWEEN, CASE, a second SELECT) makes it another shape.
/// </summary>
internal static class PointShapeReader
{
    private static readonly HashSet<string> Excluded = new(StringComparer.Ordinal)
    {
        "or", "not", "between", "case", "with", "union", "intersect", "except", "lateral", "only", "values",
        "table", "exists", "any", "some", "all", "overlaps", "window",
    };

    private static readonly HashSet<string> Ends = new(StringComparer.Ordinal)
    {
        "group", "having", "order", "limit", "offset", "fetch",
    };

    /// <summary>What may follow a relation in FROM instead of an alias.</summary>
    private static readonly HashSet<string> Joins = new(StringComparer.Ordinal)
    {
        "join", "inner", "left", "right", "full", "cross", "natural", "on", "using",
    };

    public static PointShape? Read(List<SqlToken> tokens, int end)
    {
        if (end == 0 || !tokens[0].IsWord("select"))
        {
            return null;
        }

        int from = -1, where = -1;
        for (int i = 1; i < end; i++)
        {
            if (tokens[i].Kind != SqlTokenKind.Word)
            {
                continue;
            }

            if (Excluded.Contains(tokens[i].Text) || tokens[i].Text is "select"
                || (tokens[i].Text is "from" && from >= 0) || (tokens[i].Text is "where" && where >= 0))
            {
                return null;
            }

            from = tokens[i].Text is "from" ? i : from;
            where = tokens[i].Text is "where" ? i : where;
        }

        if (from < 0 || where < from || ReadSources(tokens, from + 1, where) is not { } sources)
        {
            return null;
        }

        ImmutableArray<PointEquality> equalities = [.. ReadConjuncts(tokens, where + 1, end)];
        return equalities.IsEmpty ? null : new PointShape(
            sources, equalities, [.. tokens.Take(end).Where(token => token.Kind == SqlTokenKind.Parameter)
                .Select(token => NumberOf(token) ?? 0)]);
    }

    private static ImmutableArray<PointSource>? ReadSources(List<SqlToken> tokens, int at, int end)
    {
        var sources = ImmutableArray.CreateBuilder<PointSource>();
        while (true)
        {
            if (ReadSource(tokens, ref at, end) is not { } source)
            {
                return null;
            }

            sources.Add(source);
            for (int depth = 0; at < end; at++)
            {
                if (depth == 0 && (tokens[at].IsWord("join") || tokens[at].Kind == SqlTokenKind.Comma))
                {
                    break;
                }

                depth += tokens[at].Kind == SqlTokenKind.OpenParenthesis ? 1 : 0;
                depth -= tokens[at].Kind == SqlTokenKind.CloseParenthesis ? 1 : 0;
            }

            if (at == end)
            {
                return sources.ToImmutable();
            }

            at++;
        }
    }

    /// <summary>A name, and an alias if there is one; what follows must be a join, a comma or the end.</summary>
    private static PointSource? ReadSource(List<SqlToken> tokens, ref int at, int end)
    {
        if (at >= end || !tokens[at].IsName)
        {
            return null;
        }

        var relation = new SqlName(tokens[at++].Text, null, false);
        if (at + 1 < end && tokens[at].Kind == SqlTokenKind.Dot && tokens[at + 1].IsName)
        {
            relation = new SqlName(tokens[at + 1].Text, relation.Name, false);
            at += 2;
        }

        at += at < end && tokens[at].IsWord("as") ? 1 : 0;
        string alias = relation.Name;
        if (at < end && tokens[at].IsName && !IsJoin(tokens[at]))
        {
            alias = tokens[at++].Text;
        }

        return at == end || tokens[at].Kind == SqlTokenKind.Comma || IsJoin(tokens[at])
            ? new PointSource(relation, alias)
            : null;
    }

    private static bool IsJoin(SqlToken token) => token.Kind == SqlTokenKind.Word && Joins.Contains(token.Text);

    private static IEnumerable<PointEquality> ReadConjuncts(List<SqlToken> tokens, int at, int end)
    {
        int start = at;
        int depth = 0;
        for (; at <= end; at++)
        {
            bool ends = at == end
                || (depth == 0 && tokens[at].Kind == SqlTokenKind.Word && Ends.Contains(tokens[at].Text));
            if (ends || (depth == 0 && tokens[at].IsWord("and")))
            {
                if (ReadEquality(tokens, start, at) is { } equality)
                {
                    yield return equality;
                }

                start = at + 1;
            }

            if (ends)
            {
                yield break;
            }

            depth += tokens[at].Kind == SqlTokenKind.OpenParenthesis ? 1 : 0;
            depth -= tokens[at].Kind == SqlTokenKind.CloseParenthesis ? 1 : 0;
        }
    }

    /// <summary>Exactly <c>[qualifier .] column = value</c>.</summary>
    private static PointEquality? ReadEquality(List<SqlToken> tokens, int start, int end)
    {
        string? qualifier = null;
        if (end - start == 5 && tokens[start].IsName && tokens[start + 1].Kind == SqlTokenKind.Dot)
        {
            qualifier = tokens[start].Text;
            start += 2;
        }

        if (end - start != 3 || !tokens[start].IsName || !Ascii.IsValid(tokens[start].Text)
            || tokens[start + 1] is not { Kind: SqlTokenKind.Operator, Text: "=" })
        {
            return null;
        }

        SqlToken value = tokens[start + 2];
        string text = value.Text.Trim();
        switch (value.Kind)
        {
            case SqlTokenKind.Parameter when NumberOf(value) is { } number:
                return new PointEquality(qualifier, tokens[start].Text, number, []);
            case SqlTokenKind.Number when text.All(char.IsAsciiDigit):
                return new PointEquality(qualifier, tokens[start].Text, 0, Encoding.ASCII.GetBytes(text));
            case SqlTokenKind.String when IsPlain(text):
                return new PointEquality(qualifier, tokens[start].Text, 0, Encoding.ASCII.GetBytes(text[1..^1]));
            default:
                return null;
        }
    }

    private static int? NumberOf(SqlToken parameter) =>
        int.TryParse(parameter.Text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number > 0
            ? number
            : null;

    /// <summary>In simple quotes, with nothing inside that means something else.</summary>
    private static bool IsPlain(string text) =>
        text.Length >= 2 && text[0] == '\'' && text[^1] == '\'' && text.All(char.IsAscii)
        && !text.AsSpan(1, text.Length - 2).ContainsAny('\'', '\\');
}
