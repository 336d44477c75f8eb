using System.Collections.Immutable;

namespace Freshet.Core.Sql.Analysis;

/// <summary>
/// Finds the casts of a statement and what they convert. A superset: every called word may be a type's name, and what
/// is converted is <see cref="SqlCastSource.Other"/> unless its shape says plainly that it is something else.
/// </summary>
internal readonly struct CastReader
{
    /// <summary>Built-in functions that give dates or times, whatever they are called with.</summary>
    private static readonly HashSet<string> DateFunctions = new(StringComparer.Ordinal)
    {
        "date_trunc", "date_bin", "make_date", "make_time", "make_timestamp", "make_timestamptz", "to_date",
        "to_timestamp", "timezone",
    };

    /// <summary>Constructs that read values out of documents, as types that are named inside them.</summary>
    private static readonly HashSet<string> DocumentReaders = new(StringComparer.Ordinal)
    {
        "json_to_record", "json_to_recordset", "jsonb_to_record", "jsonb_to_recordset", "xmltable", "json_table",
        "json_value", "json_query", "json_scalar", "json",
    };

    /// <summary>Words that may stand before a parenthesis without being called.</summary>
    private static readonly HashSet<string> NotCalled = new(StringComparer.Ordinal)
    {
        "select", "distinct", "on", "where", "and", "or", "not", "in", "by", "having", "when", "then", "else", "case",
        "between", "like", "ilike", "as", "from", "limit", "offset", "using", "all", "union", "except", "intersect",
        "to", "is", "return", "with", "filter", "over",
    };

    private static readonly HashSet<string> FromEnds = new(StringComparer.Ordinal)
    {
        "where", "group", "having", "window", "order", "limit", "offset", "fetch",
    };

    /// <summary>Parentheses and casts in one another that are looked through, so that a hostile text costs no more than
    /// its length.</summary>
    private const int Deepest = 8;

    private readonly List<SqlToken> _tokens;
    private readonly int _end;
    private readonly int[] _match;
    private readonly bool _plainFrom;

    private CastReader(List<SqlToken> tokens, int end)
    {
        _tokens = tokens;
        _end = end;
        _match = Match(tokens, end);
        _plainFrom = IsPlainFrom(tokens, end);
    }

    /// <param name="tokens">Of one statement.</param>
    /// <param name="end">How many of them count.</param>
    public static ImmutableArray<SqlCast> Read(List<SqlToken> tokens, int end) =>
        [.. new CastReader(tokens, end).ReadAll().Distinct()];

    private List<SqlCast> ReadAll()
    {
        var casts = new List<SqlCast>();
        bool readsDocuments = false;
        for (int i = 0; i < _end; i++)
        {
            if (IsCastSign(i))
            {
                Add(casts, TypeAt(i + 2), ClassifyPrimary(i, 0, out _));
            }
            else if (_tokens[i].IsName && Opens(i + 1))
            {
                readsDocuments |= DocumentReaders.Contains(_tokens[i].Text);
                ReadCall(casts, i);
            }
            else if (_tokens[i].IsName && i >= 2 && _tokens[i - 1].Kind == SqlTokenKind.Dot && !_tokens[i - 2].IsName)
            {
                Add(casts, _tokens[i].Text, ClassifyPrimary(i - 1, 0, out _));
            }
        }

        if (readsDocuments)
        {
            casts.AddRange(_tokens.Take(_end).Where(token => token.IsName)
                .Select(token => new SqlCast(token.Text, SqlCastSource.Other, "")));
        }

        return casts;
    }

    private void ReadCall(List<SqlCast> casts, int name)
    {
        int close = _match[name + 1];
        if (close < 0)
        {
            return; // the server will reject it
        }

        if (_tokens[name].Text is not ("cast" or "treat"))
        {
            Add(casts, _tokens[name].Text, ClassifyWhole(name + 2, close, 0));
            return;
        }

        for (int i = close - 1; i > name + 1; i--)
        {
            if (_tokens[i].Kind == SqlTokenKind.CloseParenthesis)
            {
                i = _match[i];
            }
            else if (_tokens[i].IsWord("as"))
            {
                Add(casts, TypeAt(i + 1), ClassifyWhole(name + 2, i, 0));
                return;
            }
        }
    }

    private static void Add(List<SqlCast> casts, string type, (SqlCastSource Source, string Column) operand) =>
        casts.Add(new SqlCast(type, operand.Source, operand.Column));

    private bool Opens(int at) => at < _end && _tokens[at].Kind == SqlTokenKind.OpenParenthesis;

    /// <summary>The first of two colons side by side.</summary>
    private bool IsCastSign(int at) =>
        at >= 0 && at + 1 < _end && IsColon(_tokens[at]) && IsColon(_tokens[at + 1])
        && _tokens[at + 1].Start == _tokens[at].Start + 1;

    private static bool IsColon(SqlToken token) => token is { Kind: SqlTokenKind.Operator, Text: ":" };

    /// <summary>The last of the names that dots join.</summary>
    private string TypeAt(int at)
    {
        while (at + 2 < _end && _tokens[at + 1].Kind == SqlTokenKind.Dot)
        {
            at += 2;
        }

        return at < _end && _tokens[at].IsName ? _tokens[at].Text : "";
    }

    /// <summary>An expression that fills all of a range.</summary>
    private (SqlCastSource Source, string Column) ClassifyWhole(int start, int end, int depth)
    {
        if (start >= end)
        {
            return (SqlCastSource.Constant, "");
        }

        var last = ClassifyPrimary(end, depth + 1, out int first);
        if (first == start)
        {
            return last;
        }

        // x AT TIME ZONE y: binds closer than any operator, and only dates have it
        bool atZone = first - 3 > start && _tokens[first - 1].IsWord("zone") && _tokens[first - 2].IsWord("time")
            && _tokens[first - 3].IsWord("at");
        if (!atZone)
        {
            return (SqlCastSource.Other, "");
        }

        ClassifyPrimary(first - 3, depth + 1, out int zoned);
        return (zoned == start ? SqlCastSource.Date : SqlCastSource.Other, "");
    }

    /// <summary>The expression that ends at a place and binds as closely as can be.</summary>
    private (SqlCastSource Source, string Column) ClassifyPrimary(int end, int depth, out int start)
    {
        start = end - 1;
        if (start < 0 || depth > Deepest)
        {
            return (SqlCastSource.Other, "");
        }

        SqlToken token = _tokens[start];
        if (token.IsConstant || token.Kind == SqlTokenKind.Parameter || token.IsWord("null"))
        {
            return (SqlCastSource.Constant, "");
        }

        if (token.Kind == SqlTokenKind.CloseParenthesis && _match[start] >= 0)
        {
            int close = start;
            start = _match[close];
            bool called = start > 0 && _tokens[start - 1].IsName
                && !(_tokens[start - 1].Kind == SqlTokenKind.Word && NotCalled.Contains(_tokens[start - 1].Text));
            if (!called)
            {
                return ClassifyWhole(start + 1, close, depth);
            }

            start--;
            return ClassifyNamed(ref start, close, depth);
        }

        if (start >= 2 && token.IsWord("zone") && _tokens[start - 1].IsWord("time")
            && (_tokens[start - 2].IsWord("with") || _tokens[start - 2].IsWord("without")))
        {
            return ClassifyPrimary(start - 2, depth + 1, out start); // …::timestamp with time zone
        }

        return token.IsName ? ClassifyNamed(ref start, close: -1, depth) : (SqlCastSource.Other, "");
    }

    /// <summary>A name, or a call of it.</summary>
    private (SqlCastSource Source, string Column) ClassifyNamed(ref int start, int close, int depth)
    {
        string name = _tokens[start].Text;
        bool isEnd = _tokens[start].IsWord("end"); // of a CASE
        int open = start + 1;
        bool qualified = false;
        while (start >= 2 && _tokens[start - 1].Kind == SqlTokenKind.Dot && _tokens[start - 2].IsName)
        {
            start -= 2;
            qualified = true;
        }

        if (IsCastSign(start - 2))
        {
            var inner = ClassifyPrimary(start - 2, depth + 1, out start);
            return DateTypes.Contains(name) && !name.StartsWith('_') && name is not "record"
                ? (SqlCastSource.Date, "") // that cast is looked at by itself
                : inner.Source == SqlCastSource.Constant ? inner : (SqlCastSource.Other, "");
        }

        // (row).field and x COLLATE "name" end with a name as well
        if (start >= 1 && (_tokens[start - 1].Kind == SqlTokenKind.Dot || _tokens[start - 1].IsWord("collate")))
        {
            return (SqlCastSource.Other, "");
        }

        if (close < 0)
        {
            return _plainFrom && !isEnd ? (SqlCastSource.Column, name) : (SqlCastSource.Other, "");
        }

        return qualified ? (SqlCastSource.Other, "")
            : DateFunctions.Contains(name) ? (SqlCastSource.Date, "")
            : name is "min" or "max" ? ClassifyWhole(open + 1, close, depth)
            : (SqlCastSource.Other, "");
    }

    private static int[] Match(List<SqlToken> tokens, int end)
    {
        int[] match = new int[end];
        Array.Fill(match, -1);
        var open = new Stack<int>();
        for (int i = 0; i < end; i++)
        {
            if (tokens[i].Kind == SqlTokenKind.OpenParenthesis)
            {
                open.Push(i);
            }
            else if (tokens[i].Kind == SqlTokenKind.CloseParenthesis && open.TryPop(out int at))
            {
                match[at] = i;
                match[i] = at;
            }
        }

        return match;
    }

    /// <summary>One SELECT from relations under their own columns' names: a name that is used as a value is a column of
    /// one of these. Sub-selects, WITH, functions and alias lists in FROM could name something else so.</summary>
    private static bool IsPlainFrom(List<SqlToken> tokens, int end)
    {
        int selects = 0;
        int depth = 0;
        bool inFrom = false;
        for (int i = 0; i < end; i++)
        {
            SqlToken token = tokens[i];
            bool opens = token.Kind == SqlTokenKind.OpenParenthesis;
            depth += opens ? 1 : token.Kind == SqlTokenKind.CloseParenthesis ? -1 : 0;
            if (inFrom && opens && i > 0 && tokens[i - 1].IsName
                && !(tokens[i - 1].Kind == SqlTokenKind.Word
                    && tokens[i - 1].Text is "on" or "using" or "and" or "or" or "not" or "from" or "join" or "in"))
            {
                return false;
            }

            if (token.Kind != SqlTokenKind.Word)
            {
                continue;
            }

            selects += token.Text is "select" ? 1 : 0;
            if (selects > 1 || token.Text is "with" or "values" or "table")
            {
                // …::timestamp with time zone
                if (token.Text is not "with" || i + 2 >= end || !tokens[i + 1].IsWord("time")
                    || !tokens[i + 2].IsWord("zone"))
                {
                    return false;
                }
            }

            inFrom = depth == 0 ? token.Text is "from" || (inFrom && !FromEnds.Contains(token.Text)) : inFrom;
        }

        return selects == 1;
    }
}
