using System.Collections.Immutable;
using System.Text;

namespace Freshet.Core.Sql.Analysis;

/// <summary>Reads one text, token by token, into <see cref="StatementFacts"/>. What it does not understand it refuses.
/// </summary>
internal ref struct FactsReader
{
    /// <summary>PostgreSQL's NAMEDATALEN - 1: the server cuts longer names, so they could mean others than they say.
    /// </summary>
    private const int MostNameBytes = 63;

    private readonly ReadOnlySpan<byte> _text;
    private readonly List<SqlToken> _tokens = [];
    private readonly HashSet<SqlName> _names = [];
    private SqlLexer _lexer;
    private RefusalReason _refusal;
    private string _detail = "";

    public FactsReader(ReadOnlySpan<byte> text, bool standardConformingStrings)
    {
        _text = text;
        _lexer = new SqlLexer(standardConformingStrings);
    }

    public StatementFacts Read()
    {
        ReadTokens();
        int end = _tokens.Count;
        while (end > 0 && _tokens[end - 1].Kind == SqlTokenKind.Semicolon)
        {
            end--;
        }

        for (int i = 0; i < end; i++)
        {
            Look(i, end);
        }

        LookAtStart(end);
        (ulong fingerprint, string normalized) = Normalizer.Run(_tokens.GetRange(0, end));
        return new StatementFacts
        {
            Refusal = _refusal,
            Detail = _detail,
            Fingerprint = fingerprint,
            Normalized = normalized,
            Names = [.. _names],
            Hint = FindHint(end),
            Point = _refusal == RefusalReason.None ? PointShapeReader.Read(_tokens, end) : null,
            Operators = ReadOperators(_tokens, end),
        };
    }

    private void ReadTokens()
    {
        int position = 0;
        int start = 0;
        while (true)
        {
            SqlTokenKind kind = _lexer.Read(_text, ref position);
            if (kind == SqlTokenKind.None)
            {
                position = _text.Length;
                kind = _lexer.Finish();
                if (kind == SqlTokenKind.None)
                {
                    break;
                }
            }

            start = Math.Max(start, _lexer.TokenStart);
            bool named = kind is SqlTokenKind.Word or SqlTokenKind.QuotedWord;
            if (named && _lexer.Word.Length > MostNameBytes)
            {
                Refuse(RefusalReason.NotUnderstood, "a name is longer than 63 bytes");
            }

            string text = named
                ? Encoding.UTF8.GetString(_lexer.Word.Kept)
                : Encoding.Latin1.GetString(_text[_lexer.TokenStart..position]);
            _tokens.Add(new SqlToken(kind, text, _lexer.TokenStart, position));
        }

        if (_lexer.IsLost)
        {
            Refuse(RefusalReason.NotUnderstood, "a dollar quote's tag is longer than 64 bytes");
        }
    }

    private void Look(int at, int end)
    {
        SqlToken token = _tokens[at];
        switch (token.Kind)
        {
            case SqlTokenKind.Word or SqlTokenKind.QuotedWord:
                bool called = at + 1 < end && _tokens[at + 1].Kind == SqlTokenKind.OpenParenthesis;
                string? qualifier = at >= 2 && _tokens[at - 1].Kind == SqlTokenKind.Dot && _tokens[at - 2].IsName
                    ? _tokens[at - 2].Text
                    : null;
                _names.Add(new SqlName(token.Text, qualifier, called));
                LookAtWord(at, end);
                break;
            case SqlTokenKind.String when DateWords.MayContain(_text[token.Start..token.End]):
                Refuse(RefusalReason.DateWord, "a literal contains now, today, tomorrow or yesterday");
                break;
            case SqlTokenKind.Semicolon:
                Refuse(RefusalReason.MultipleStatements, "the text holds more than one statement");
                break;
            case SqlTokenKind.UnicodeWord:
                Refuse(RefusalReason.NotUnderstood, "U&\"…\" names are not decoded");
                break;
            case SqlTokenKind.Other or SqlTokenKind.Unterminated:
                Refuse(RefusalReason.NotUnderstood, "the text is not SQL that the server would take");
                break;
        }
    }

    private void LookAtWord(int at, int end)
    {
        SqlToken token = _tokens[at];
        if (token.Text is "ctid" or "xmin" or "xmax" or "cmin" or "cmax" or "tableoid")
        {
            Refuse(RefusalReason.SystemColumn, $"{token.Text} is a system column");
        }
        else if (token.Text is "information_schema" || token.Text.StartsWith("pg_temp", StringComparison.Ordinal)
            || token.Text.StartsWith("pg_toast", StringComparison.Ordinal))
        {
            Refuse(RefusalReason.SystemCatalog, $"the schema {token.Text} is not followed");
        }

        if (token.Kind != SqlTokenKind.Word)
        {
            return;
        }

        switch (token.Text)
        {
            case "insert" or "update" or "delete" or "merge":
                bool locks = at > 0 && IsLock(at - 1, end);
                Refuse(
                    locks ? RefusalReason.RowLock : RefusalReason.Writes,
                    locks ? "FOR UPDATE locks rows" : $"the word {token.Text.ToUpperInvariant()} stands in it");
                break;
            case "for" when IsLock(at, end):
                Refuse(RefusalReason.RowLock, "FOR UPDATE or FOR SHARE locks rows");
                break;
            case "into":
                Refuse(RefusalReason.SelectInto, "SELECT INTO creates a table");
                break;
            case "tablesample":
                Refuse(RefusalReason.TableSample, "TABLESAMPLE draws other rows each time");
                break;
            case "current_date" or "current_time" or "current_timestamp" or "localtime" or "localtimestamp":
                Refuse(RefusalReason.CurrentTime, $"{token.Text.ToUpperInvariant()} reads the clock");
                break;
        }
    }

    /// <summary>The lexer reports single characters: those side by side are put together, so an operator is a part of
    /// one of them.</summary>
    private static ImmutableArray<string> ReadOperators(List<SqlToken> tokens, int end)
    {
        var runs = new HashSet<string>(StringComparer.Ordinal);
        var run = new StringBuilder();
        for (int i = 0; i <= end; i++)
        {
            bool joins = i < end && tokens[i].Kind == SqlTokenKind.Operator;
            if (run.Length > 0 && (!joins || tokens[i].Start != tokens[i - 1].Start + 1))
            {
                runs.Add(run.ToString());
                run.Clear();
            }

            run.Append(joins ? tokens[i].Text[..1] : "");
        }

        return [.. runs];
    }

    private readonly bool IsLock(int at, int end) =>
        _tokens[at].Text is "for" && at + 1 < end && _tokens[at + 1].Text is "update" or "share" or "no" or "key";

    private void LookAtStart(int end)
    {
        int first = 0;
        while (first < end && _tokens[first].Kind == SqlTokenKind.OpenParenthesis)
        {
            first++;
        }

        bool reads = first < end && _tokens[first].Kind == SqlTokenKind.Word
            && _tokens[first].Text is "select" or "with" or "values" or "table";
        if (!reads && _refusal is not (RefusalReason.MultipleStatements or RefusalReason.NotUnderstood))
        {
            _refusal = RefusalReason.NotAQuery;
            _detail = first < end ? $"it begins with {_tokens[first].Text}" : "there is no statement";
        }
    }

    private readonly StatementHint? FindHint(int end)
    {
        if (end == 0)
        {
            return null;
        }

        string leading = Encoding.UTF8.GetString(_text[.._tokens[0].Start]);
        string trailing = Encoding.UTF8.GetString(_text[_tokens[^1].Start..]);
        // A comment that follows the last token; a literal that holds one is the token itself.
        int comment = _tokens[^1].Kind is SqlTokenKind.String or SqlTokenKind.QuotedWord
            ? -1
            : trailing.IndexOf("/*", StringComparison.Ordinal);
        return StatementHint.Find(leading, comment < 0 ? "" : trailing[comment..]);
    }

    /// <summary>The first reason stands, but for those that say that the text is no single statement.</summary>
    private void Refuse(RefusalReason reason, string detail)
    {
        if (_refusal == RefusalReason.None || reason is RefusalReason.NotUnderstood or RefusalReason.MultipleStatements)
        {
            _refusal = reason;
            _detail = detail;
        }
    }
}
