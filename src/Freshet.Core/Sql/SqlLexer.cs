using System.Diagnostics.CodeAnalysis;

namespace Freshet.Core.Sql;

/// <summary>
/// Splits a query text into tokens by PostgreSQL's lexical rules (<c>scan.l</c> of 15 to 18), chunk by chunk: any split
/// of the text gives the same tokens, and nothing of it is kept but the word under way.
/// </summary>
/// <remarks>
/// A state machine: a token that a chunk cuts leaves its state in <see cref="_state"/>, and the next
/// <see cref="Read"/> goes on there. A token is reported once its end is known, so a string, which may continue on a
/// later line, is reported when something else follows it. White space and comments are no tokens. On one thread.
/// <para>The text is in the client's encoding. UTF-8 and all single-byte and EUC encodings are safe: their bytes below
/// 0x80 are ASCII, those above are letters. Not safe: SJIS, SHIFT_JIS_2004, BIG5, GBK, UHC, GB18030, JOHAB, whose
/// second bytes look like ASCII letters and backslashes: the server converts these before its lexer sees them.</para>
/// <para>Letters beyond ASCII are not folded: the server does so in databases of single-byte encodings only.</para>
/// </remarks>
internal struct SqlLexer
{
    private readonly SqlStringStyle _plainStyle;
    private SqlLexerState _state;
    private SqlStringStyle _style;
    private SqlNumberPart _number;
    private bool _unicode;
    private bool _newline;
    private int _depth;
    private int _matched;
    private SqlWord _word;

    /// <param name="standardConformingStrings">The session's setting: off makes backslashes escapes in plain strings.
    /// </param>
    public SqlLexer(bool standardConformingStrings) =>
        _plainStyle = standardConformingStrings ? SqlStringStyle.Plain : SqlStringStyle.Escape;

    /// <summary>Where the last token began, in the chunk in which it did.</summary>
    public int TokenStart { get; private set; }

    /// <summary>True after a dollar quote whose tag is too long to be compared: the rest of the text was not
    /// understood.</summary>
    public bool IsLost { get; private set; }

    /// <summary>The last word; folded unless it was quoted. Valid until the next call.</summary>
    [UnscopedRef]
    public readonly ref readonly SqlWord Word => ref _word;

    /// <summary>Reads on from <paramref name="position"/> to the end of the next token. None: the chunk is used up.
    /// </summary>
    public SqlTokenKind Read(ReadOnlySpan<byte> chunk, ref int position)
    {
        var at = position;
        while ((uint)at < (uint)chunk.Length)
        {
            var kind = _state == SqlLexerState.Start ? Begin(chunk, ref at) : Resume(chunk, ref at);
            if (kind == SqlTokenKind.None) continue;
            position = at;
            return kind;
        }

        position = at;
        return SqlTokenKind.None;
    }

    /// <summary>The tokens that the end of the text ends; call it until None.</summary>
    public SqlTokenKind Finish()
    {
        var state = _state;
        // Two states hold an operator behind the token that they end.
        _state = state switch
        {
            SqlLexerState.WordAmpersand => SqlLexerState.PendingOperator,
            SqlLexerState.StringGapDash => SqlLexerState.Dash,
            _ => SqlLexerState.Start,
        };
        return state.TokenAtEnd(_unicode);
    }

    private SqlTokenKind Begin(ReadOnlySpan<byte> chunk, ref int at)
    {
        SqlCharacterClass kind;
        while ((kind = SqlCharacters.ClassOf(chunk[at])) == SqlCharacterClass.Space)
        {
            if (++at == chunk.Length) return SqlTokenKind.None;
        }

        TokenStart = at;
        if (kind == SqlCharacterClass.Letter)
        {
            _word.Clear();
            return ReadWord(chunk, ref at);
        }

        at++;
        if (kind <= SqlCharacterClass.Other) return (SqlTokenKind)kind;
        switch (kind)
        {
            case SqlCharacterClass.Digit:
                _number = chunk[at - 1] == '0' ? SqlNumberPart.Zero : SqlNumberPart.None;
                _state = SqlLexerState.Number;
                return ReadNumber(chunk, ref at);
            case SqlCharacterClass.Quote:
                BeginString(_plainStyle);
                return ReadString(chunk, ref at);
            case SqlCharacterClass.DoubleQuote:
                BeginQuotedWord(unicode: false);
                return ReadQuotedWord(chunk, ref at);
            case SqlCharacterClass.Dollar: _state = SqlLexerState.Dollar; break;
            case SqlCharacterClass.Dot:
                _state = SqlLexerState.Dot;
                return at < chunk.Length ? AfterDot(chunk[at], ref at) : SqlTokenKind.None;
            case SqlCharacterClass.Dash: _state = SqlLexerState.Dash; break;
            default: _state = SqlLexerState.Slash; break;
        }

        return SqlTokenKind.None;
    }

    private SqlTokenKind Resume(ReadOnlySpan<byte> chunk, ref int at)
    {
        switch (_state)
        {
            case SqlLexerState.Word: return ReadWord(chunk, ref at);
            case SqlLexerState.WordAmpersand: return AfterWordAmpersand(chunk[at], ref at);
            case SqlLexerState.PendingOperator: return End(SqlTokenKind.Operator);
            case SqlLexerState.String: return ReadString(chunk, ref at);
            case SqlLexerState.StringBackslash: at++; return Go(SqlLexerState.String);
            case SqlLexerState.StringQuote:
                if (chunk[at] != '\'') return Go(SqlLexerState.StringGap);
                at++;
                return Go(SqlLexerState.String);
            case SqlLexerState.StringGap: return ReadStringGap(chunk, ref at);
            case SqlLexerState.StringGapDash:
                if (chunk[at] == '-') return Go(SqlLexerState.StringGapComment);
                _state = SqlLexerState.Dash;
                return SqlTokenKind.String;
            case SqlLexerState.StringGapComment: return SkipLine(chunk, ref at, SqlLexerState.StringGap);
            case SqlLexerState.QuotedWord: return ReadQuotedWord(chunk, ref at);
            case SqlLexerState.QuotedWordQuote: return AfterQuotedWord(chunk, ref at);
            case SqlLexerState.Dollar: return AfterDollar(chunk[at], ref at);
            case SqlLexerState.DollarTag: return ReadDollarTag(chunk, ref at);
            case SqlLexerState.DollarBody: return ReadDollarBody(chunk, ref at);
            case SqlLexerState.DollarMatch: return MatchDollarTag(chunk, ref at);
            case SqlLexerState.Parameter:
                if (!SqlCharacters.IsDigit(chunk[at])) return End(SqlTokenKind.Parameter);
                at++;
                return SqlTokenKind.None;
            case SqlLexerState.Number: return ReadNumber(chunk, ref at);
            case SqlLexerState.NumberDot:
                // 1..10 is the integer 1, a range operator and 10; else the point belongs to the number.
                if (chunk[at] != '.') return ContinueNumber();
                _state = SqlLexerState.Dot;
                return SqlTokenKind.Number;
            case SqlLexerState.Dot: return AfterDot(chunk[at], ref at);
            case SqlLexerState.Dash:
                return chunk[at] == '-' ? Go(SqlLexerState.LineComment) : End(SqlTokenKind.Operator);
            case SqlLexerState.Slash:
                if (chunk[at] != '*') return End(SqlTokenKind.Operator);
                at++;
                _depth = 1;
                return Go(SqlLexerState.BlockComment);
            case SqlLexerState.LineComment: return SkipLine(chunk, ref at, SqlLexerState.Start);
            default: return SkipBlockComment(chunk, ref at);
        }
    }

    private SqlTokenKind ReadWord(ReadOnlySpan<byte> chunk, ref int at)
    {
        _state = SqlLexerState.Word;
        at += _word.AppendFolded(chunk[at..]);
        if (at == chunk.Length) return SqlTokenKind.None;
        if (_word.Length == 1 && (chunk[at] is (byte)'\'' or (byte)'&')) return AfterLetter(chunk[at], ref at);
        return End(SqlTokenKind.Word);
    }

    /// <summary>A word of one letter and a quote may be a string's prefix: E'…', B'…', X'…', N'…', U&amp;'…'.</summary>
    private SqlTokenKind AfterLetter(byte next, ref int at)
    {
        var letter = (byte)_word.Head;
        if (next == '&')
        {
            if (letter != 'u') return End(SqlTokenKind.Word);
            at++;
            return Go(SqlLexerState.WordAmpersand);
        }

        switch (letter)
        {
            case (byte)'e': BeginString(SqlStringStyle.Escape); break;
            case (byte)'b' or (byte)'x': BeginString(SqlStringStyle.Bit); break;
            case (byte)'n': BeginString(_plainStyle); break;
            default: return End(SqlTokenKind.Word);
        }

        at++;
        return SqlTokenKind.None;
    }

    private SqlTokenKind AfterWordAmpersand(byte next, ref int at)
    {
        if (next is not ((byte)'\'' or (byte)'"'))
        {
            _state = SqlLexerState.PendingOperator;
            return SqlTokenKind.Word;
        }

        at++;
        // The server rejects U&'…' while standard_conforming_strings is off: the style then does not matter.
        if (next == '\'') BeginString(SqlStringStyle.Plain);
        else BeginQuotedWord(unicode: true);
        return SqlTokenKind.None;
    }

    private void BeginString(SqlStringStyle style)
    {
        _style = style;
        _state = SqlLexerState.String;
    }

    private SqlTokenKind ReadString(ReadOnlySpan<byte> chunk, ref int at)
    {
        var rest = chunk[at..];
        var end = _style == SqlStringStyle.Escape
            ? rest.IndexOfAny((byte)'\'', (byte)'\\')
            : rest.IndexOf((byte)'\'');
        if (end < 0)
        {
            at = chunk.Length;
            return SqlTokenKind.None;
        }

        at += end + 1;
        if (rest[end] == '\\') return Go(SqlLexerState.StringBackslash);
        // The usual end, told at once; the states below find the others, and this one when a chunk ends here.
        if (at < chunk.Length && SqlCharacters.ClassOf(chunk[at]) < SqlCharacterClass.Space)
            return End(SqlTokenKind.String);
        _newline = false;
        return Go(_style == SqlStringStyle.Bit ? SqlLexerState.StringGap : SqlLexerState.StringQuote);
    }

    private SqlTokenKind ReadStringGap(ReadOnlySpan<byte> chunk, ref int at)
    {
        var next = chunk[at];
        var space = SqlCharacters.IsSpace(next);
        var goesOn = next == '\'' && _newline;
        if (!space && !goesOn && next != '-') return End(SqlTokenKind.String);
        at++;
        _newline |= SqlCharacters.IsNewline(next);
        if (space) return SqlTokenKind.None;
        return Go(goesOn ? SqlLexerState.String : SqlLexerState.StringGapDash);
    }

    /// <summary>Skips to the newline, which the next state sees.</summary>
    private SqlTokenKind SkipLine(ReadOnlySpan<byte> chunk, ref int at, SqlLexerState next)
    {
        var end = chunk[at..].IndexOfAny((byte)'\n', (byte)'\r');
        at = end < 0 ? chunk.Length : at + end;
        return end < 0 ? SqlTokenKind.None : Go(next);
    }

    private void BeginQuotedWord(bool unicode)
    {
        _unicode = unicode;
        _word.Clear();
        _state = SqlLexerState.QuotedWord;
    }

    private SqlTokenKind ReadQuotedWord(ReadOnlySpan<byte> chunk, ref int at)
    {
        var rest = chunk[at..];
        var end = rest.IndexOf((byte)'"');
        _word.Append(end < 0 ? rest : rest[..end]);
        at = end < 0 ? chunk.Length : at + end + 1;
        if (end < 0) return SqlTokenKind.None;
        _state = SqlLexerState.QuotedWordQuote;
        return at < chunk.Length ? AfterQuotedWord(chunk, ref at) : SqlTokenKind.None;
    }

    private SqlTokenKind AfterQuotedWord(ReadOnlySpan<byte> chunk, ref int at)
    {
        if (chunk[at] != '"') return End(_unicode ? SqlTokenKind.UnicodeWord : SqlTokenKind.QuotedWord);
        _word.Append(chunk.Slice(at++, 1));
        return Go(SqlLexerState.QuotedWord);
    }

    private SqlTokenKind AfterDollar(byte next, ref int at)
    {
        if (SqlCharacters.IsDigit(next)) return Go(SqlLexerState.Parameter);
        _word.Clear();
        if (SqlCharacters.IsLetter(next)) return Go(SqlLexerState.DollarTag);
        if (next != '$') return End(SqlTokenKind.Other);
        at++;
        return Go(SqlLexerState.DollarBody);
    }

    private SqlTokenKind ReadDollarTag(ReadOnlySpan<byte> chunk, ref int at)
    {
        var next = chunk[at];
        var inTag = SqlCharacters.IsLetter(next) || SqlCharacters.IsDigit(next);
        if (!inTag && next != '$') return End(SqlTokenKind.Other);
        if (inTag) _word.Append(chunk.Slice(at, 1));
        at++;
        if (inTag) return SqlTokenKind.None;
        IsLost |= _word.Length > SqlWord.KeptLength;
        return Go(SqlLexerState.DollarBody);
    }

    private SqlTokenKind ReadDollarBody(ReadOnlySpan<byte> chunk, ref int at)
    {
        var end = IsLost ? -1 : chunk[at..].IndexOf((byte)'$');
        _matched = 0;
        at = end < 0 ? chunk.Length : at + end + 1;
        return end < 0 ? SqlTokenKind.None : Go(SqlLexerState.DollarMatch);
    }

    /// <summary>A dollar that does not end the closing tag may begin it.</summary>
    private SqlTokenKind MatchDollarTag(ReadOnlySpan<byte> chunk, ref int at)
    {
        var tag = _word.Kept;
        for (; at < chunk.Length; at++)
        {
            if (_matched < tag.Length && chunk[at] == tag[_matched]) _matched++;
            else if (chunk[at] != '$') return Go(SqlLexerState.DollarBody);
            else if (_matched < tag.Length) _matched = 0;
            else
            {
                at++;
                return End(SqlTokenKind.String);
            }
        }

        return SqlTokenKind.None;
    }

    private SqlTokenKind ReadNumber(ReadOnlySpan<byte> chunk, ref int at)
    {
        for (; at < chunk.Length; at++)
        {
            if (SqlNumbers.Continues(ref _number, chunk[at])) continue;
            if (chunk[at] != '.' || !SqlNumbers.MayHavePoint(_number)) return End(SqlTokenKind.Number);
            at++;
            return Go(SqlLexerState.NumberDot);
        }

        return SqlTokenKind.None;
    }

    private SqlTokenKind ContinueNumber()
    {
        _number = SqlNumberPart.Point;
        return Go(SqlLexerState.Number);
    }

    private SqlTokenKind AfterDot(byte next, ref int at)
    {
        if (SqlCharacters.IsDigit(next)) return ContinueNumber();
        if (next != '.') return End(SqlTokenKind.Dot);
        at++;
        return End(SqlTokenKind.Operator);
    }

    private SqlTokenKind SkipBlockComment(ReadOnlySpan<byte> chunk, ref int at)
    {
        if (_state == SqlLexerState.BlockComment)
        {
            var mark = chunk[at..].IndexOfAny((byte)'*', (byte)'/');
            at = mark < 0 ? chunk.Length : at + mark + 1;
            if (mark < 0) return SqlTokenKind.None;
            return Go(chunk[at - 1] == '*' ? SqlLexerState.BlockCommentStar : SqlLexerState.BlockCommentSlash);
        }

        if (chunk[at] is not ((byte)'*' or (byte)'/')) return Go(SqlLexerState.BlockComment);
        var star = chunk[at++] == '*';
        if (star == (_state == SqlLexerState.BlockCommentStar)) return SqlTokenKind.None;
        _depth += star ? 1 : -1;
        return Go(_depth == 0 ? SqlLexerState.Start : SqlLexerState.BlockComment);
    }

    private SqlTokenKind Go(SqlLexerState state)
    {
        _state = state;
        return SqlTokenKind.None;
    }

    private SqlTokenKind End(SqlTokenKind kind)
    {
        _state = SqlLexerState.Start;
        return kind;
    }
}
