using System.Collections.Immutable;
using System.Text;
using System.Text.Unicode;

namespace Freshet.Core.Sql.Analysis;

/// <summary>Reads one text, token by token, into <see cref="StatementFacts"/>. What it does not understand it refuses.
/// </summary>
internal ref struct FactsReader
{
    /// <summary>PostgreSQL's NAMEDATALEN - 1: the server cuts longer names, so they could mean others than they say.
    /// </summary>
    private const int MostNameBytes = 63;

    /// <summary>A name beyond ASCII whose first such byte stands here or later could become longer in the server's
    /// encoding, be cut, and be an ASCII name then.</summary>
    private const int LastSafeByte = 58;

    private static readonly HashSet<string> CatalogTypes = new(StringComparer.Ordinal)
    {
        "regclass", "regproc", "regprocedure", "regoper", "regoperator", "regtype", "regrole", "regnamespace",
        "regcollation",
    };

    private readonly ReadOnlySpan<byte> _text;
    private readonly bool _conforming;
    private readonly List<SqlToken> _tokens = [];
    private readonly HashSet<SqlName> _names = [];
    private SqlLexer _lexer;
    private RefusalReason _refusal;
    private string _detail = "";

    public FactsReader(ReadOnlySpan<byte> text, bool standardConformingStrings)
    {
        _text = text;
        _conforming = standardConformingStrings;
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
        if (_names.Any(name => name.Qualifier is "freshet") && AdminCall.Begins(_text, _conforming))
        {
            Refuse(RefusalReason.AdminCall, "Freshet answers it itself");
        }

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
            Casts = CastReader.Read(_tokens, end),
        };
    }

    private void ReadTokens()
    {
        int position = 0;
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

            _tokens.Add(MakeToken(kind, position));
        }

        if (_lexer.IsLost)
        {
            Refuse(RefusalReason.NotUnderstood, "a dollar quote's tag is longer than 64 bytes");
        }
    }

    private SqlToken MakeToken(SqlTokenKind kind, int position)
    {
        int start = _lexer.TokenStart;
        switch (kind)
        {
            case SqlTokenKind.Word or SqlTokenKind.QuotedWord:
                return new SqlToken(kind, ReadName(_lexer.Word), start, position);
            case SqlTokenKind.Operator:
                // The lexer may have had to see what follows another token to know that this one is an operator.
                start = position - (_text[position - 1] == '.' ? 2 : 1);
                break;
            case SqlTokenKind.String when !_lexer.IsLost:
                byte[]? value = StringConstant.Decode(_text[start..], _conforming, out int length);
                position = start + length;
                if (value is null)
                {
                    Refuse(RefusalReason.NotUnderstood, "escapes in U&'…' are not decoded");
                }
                else if (DateWords.MayContain(value))
                {
                    Refuse(RefusalReason.DateWord, "a literal contains now, today, tomorrow or yesterday");
                }

                break;
        }

        return new SqlToken(kind, Encoding.Latin1.GetString(_text[start..position]), start, position);
    }

    private string ReadName(in SqlWord word)
    {
        ReadOnlySpan<byte> bytes = word.Kept;
        int beyond = bytes.IndexOfAnyInRange((byte)0x80, (byte)0xFF);
        if (word.Length > MostNameBytes)
        {
            Refuse(RefusalReason.NotUnderstood, "a name is longer than 63 bytes");
        }
        else if (beyond > LastSafeByte)
        {
            Refuse(RefusalReason.NotUnderstood, "a name beyond ASCII is so long that the server may cut it");
        }

        return (Utf8.IsValid(bytes) ? Encoding.UTF8 : Encoding.Latin1).GetString(bytes);
    }

    private void Look(int at, int end)
    {
        SqlToken token = _tokens[at];
        switch (token.Kind)
        {
            case SqlTokenKind.Word or SqlTokenKind.QuotedWord:
                bool member = at >= 2 && _tokens[at - 1].Kind == SqlTokenKind.Dot;
                bool called = (at + 1 < end && _tokens[at + 1].Kind == SqlTokenKind.OpenParenthesis)
                    || (member && !_tokens[at - 2].IsName);
                string? qualifier = member && _tokens[at - 2].IsName ? _tokens[at - 2].Text : null;
                _names.Add(new SqlName(token.Text, qualifier, called));
                LookAtWord(at, end);
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
        else if (CatalogTypes.Contains(token.Text))
        {
            Refuse(RefusalReason.SystemCatalog, $"{token.Text} looks names up in the system catalogues");
        }
        else if (token.Text is "timetz" or "_timetz" || IsZonedTime(at, end))
        {
            Refuse(RefusalReason.CurrentTime, "conversions to time with time zone take the zone's offset of today");
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
            case "uescape":
                Refuse(RefusalReason.NotUnderstood, "UESCAPE is not decoded");
                break;
            case "treat" when at + 1 < end && _tokens[at + 1].Kind == SqlTokenKind.OpenParenthesis:
                Refuse(RefusalReason.NotUnderstood, "TREAT calls a function that its type names");
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
            if (run.Length > 0 && (!joins || tokens[i].Start != tokens[i - 1].End))
            {
                runs.Add(run.ToString());
                run.Clear();
            }

            run.Append(joins ? tokens[i].Text : "");
        }

        return [.. runs];
    }

    /// <summary><c>time [(precision)] with time zone</c>.</summary>
    private readonly bool IsZonedTime(int at, int end)
    {
        if (_tokens[at].Text is not "time")
        {
            return false;
        }

        int with = at + 1 < end && _tokens[at + 1].Kind == SqlTokenKind.OpenParenthesis ? at + 4 : at + 1;
        return with + 2 < end && _tokens[with].IsWord("with") && _tokens[with + 1].IsWord("time")
            && _tokens[with + 2].IsWord("zone");
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

        return StatementHint.Find(
            Encoding.UTF8.GetString(_text[.._tokens[0].Start]),
            Encoding.UTF8.GetString(_text[_tokens[end - 1].End..]));
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
