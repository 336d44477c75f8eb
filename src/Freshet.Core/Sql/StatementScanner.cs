namespace Freshet.Core.Sql;

/// <summary>
/// Finds out what a query text could do to its session, without parsing it: by keywords in leading position, a few
/// pairs of neighbouring words, and the names of the functions that matter. Fed chunk by chunk, keeps no text.
/// </summary>
/// <remarks>
/// What it says is a superset: a false alarm costs a check, an omission would leak state between clients. So every
/// semicolon, in parentheses (CREATE RULE) and function bodies (BEGIN ATOMIC) too, counts as the start of a statement
/// for the traits; only <see cref="StatementScan.Statements"/> is split at top level. It cannot see what functions,
/// views and strings contain, nor what an earlier PREPARE holds that EXECUTE runs. On one thread; about 150 bytes.
/// </remarks>
internal struct StatementScanner
{
    /// <summary>Behind this token a statement's leading keyword no longer decides what a word means.</summary>
    private const int HeadTokens = 3;

    private SqlLexer _lexer;
    private StatementTraits _traits;
    private int _statements;
    private StatementKind _first;
    private StatementKind _leading;
    private SqlKeyword _previous;
    private bool _open;
    private bool _rollbackTo;
    private bool _update;
    private int _tokens;
    private int _parentheses;
    private int _body;

    /// <param name="standardConformingStrings">The session's setting.</param>
    public StatementScanner(bool standardConformingStrings) => _lexer = new(standardConformingStrings);

    /// <summary>Scans a whole text.</summary>
    public static StatementScan Scan(ReadOnlySpan<byte> text, bool standardConformingStrings)
    {
        var scanner = new StatementScanner(standardConformingStrings);
        scanner.Feed(text);
        return scanner.Finish();
    }

    /// <summary>Takes the next piece of the text, without the zero byte that ends a Query message.</summary>
    public void Feed(ReadOnlySpan<byte> chunk)
    {
        var position = 0;
        while (_lexer.Read(chunk, ref position) is var kind && kind != SqlTokenKind.None)
        {
            // The common token, told apart early.
            if (kind == SqlTokenKind.Word && _tokens > HeadTokens && !SqlKeywords.MayMatter(_lexer.Word))
            {
                _previous = SqlKeyword.None;
                _tokens++;
            }
            else Take(kind);
        }
    }

    /// <summary>Ends the text; the scanner is used up.</summary>
    public StatementScan Finish()
    {
        while (_lexer.Finish() is var kind && kind != SqlTokenKind.None) Take(kind);
        EndStatement();
        if (_lexer.IsLost) _traits |= StatementTraits.Opaque;
        return new(_traits, _statements, _first);
    }

    private void Take(SqlTokenKind kind)
    {
        if (kind == SqlTokenKind.Semicolon)
        {
            EndStatement();
            if (_parentheses == 0 && _body == 0) _open = false;
            return;
        }

        if (!_open)
        {
            _open = true;
            _statements++;
            _parentheses = 0;
        }

        if (kind == SqlTokenKind.Word) TakeWord();
        else if (kind is SqlTokenKind.OpenParenthesis && _tokens == 0) _parentheses++;
        else TakeOther(kind);
    }

    private void TakeWord()
    {
        var keyword = SqlKeywords.Find(_lexer.Word);
        if (_tokens == 0) Lead(keyword);
        else if (_tokens <= HeadTokens) Follow(keyword);
        if (keyword != SqlKeyword.None) TakeKeyword(keyword);
        else if ((_lexer.Word.Head & 0xFFFFFF) == 0x5F6770) TakeServerName();
        _previous = keyword;
        _tokens++;
    }

    private void TakeOther(SqlTokenKind kind)
    {
        var keyword = SqlKeyword.None;
        switch (kind)
        {
            case SqlTokenKind.OpenParenthesis: _parentheses++; break;
            case SqlTokenKind.CloseParenthesis: _parentheses = Math.Max(0, _parentheses - 1); break;
            case SqlTokenKind.QuotedWord: TakeQuotedWord(); break;
            case SqlTokenKind.UnicodeWord: _traits |= StatementTraits.Opaque; break;
            case SqlTokenKind.Dot:
                keyword = SqlKeyword.Dot;
                // SET local.x sets the custom setting "local.x" and is not SET LOCAL.
                if (_leading == StatementKind.Set && _tokens <= HeadTokens)
                {
                    _traits |= StatementTraits.CustomSetting;
                    if (_tokens == 2) _traits |= StatementTraits.Set;
                }

                break;
        }

        if (_tokens == 0) Lead(SqlKeyword.None);
        else if (_leading == StatementKind.Prepare && _tokens == 2 && _previous == SqlKeyword.Transaction)
        {
            _traits |= kind == SqlTokenKind.String ? StatementTraits.PrepareTransaction : StatementTraits.Prepare;
        }

        _previous = keyword;
        _tokens++;
    }

    /// <summary>A quoted name is no keyword, but it names settings, functions and schemas as any other.</summary>
    private void TakeQuotedWord()
    {
        if (_tokens is > 0 and <= HeadTokens && (_leading is StatementKind.Set or StatementKind.Reset))
        {
            // The server does not heed case in the names of settings, quoted or not.
            var folded = default(SqlWord);
            folded.AppendFolded(_lexer.Word.Kept);
            var name = SqlKeywords.Find(folded);
            Follow(SqlKeyword.None);
            TakeSettingName(folded, name);
        }
        else if (_tokens is 1 or 2) Follow(SqlKeyword.None);

        if ((byte)_lexer.Word.Head is not ((byte)'s' or (byte)'p')) return;
        switch (SqlKeywords.Find(_lexer.Word))
        {
            case SqlKeyword.Set_config: TakeKeyword(SqlKeyword.Set_config); break;
            case SqlKeyword.Setseed: TakeKeyword(SqlKeyword.Setseed); break;
            case SqlKeyword.Pg_settings: TakeKeyword(SqlKeyword.Pg_settings); break;
        }

        TakeServerName();
    }

    private void EndStatement()
    {
        if (_leading == StatementKind.Rollback)
            _traits |= _rollbackTo ? StatementTraits.Savepoint : StatementTraits.TransactionEnd;
        _leading = StatementKind.Empty;
        _previous = SqlKeyword.None;
        _tokens = 0;
        _rollbackTo = false;
        _update = false;
    }

    private void Lead(SqlKeyword keyword)
    {
        var isLeading = keyword is not SqlKeyword.None and <= SqlKeyword.LastLeading;
        _leading = isLeading ? (StatementKind)keyword : StatementKind.Other;
        if (_first == StatementKind.Empty) _first = _leading;
        // The END of a function's body follows a semicolon.
        if (_leading == StatementKind.End && _body > 0) return;
        _traits |= StatementRules.OfLeading(_leading);
    }

    /// <summary>The second to fourth word, where the leading keyword does not say all.</summary>
    private void Follow(SqlKeyword keyword)
    {
        switch (_leading)
        {
            case StatementKind.Set:
                _traits |= StatementRules.OfSet(keyword, _previous, _tokens);
                TakeSettingName(_lexer.Word, keyword);
                break;
            case StatementKind.Reset when _tokens == 1:
                _traits |= keyword switch
                {
                    SqlKeyword.All => StatementTraits.ResetAll,
                    SqlKeyword.Session or SqlKeyword.Role =>
                        StatementTraits.Reset | StatementTraits.SessionAuthorization,
                    _ => StatementTraits.Reset,
                };
                TakeSettingName(_lexer.Word, keyword);
                break;
            case StatementKind.Discard when _tokens == 1:
                _traits |= keyword == SqlKeyword.All ? StatementTraits.DiscardAll : StatementTraits.Discard;
                break;
            // PREPARE transaction AS … prepares a statement of that name: what follows decides.
            case StatementKind.Prepare when _tokens == 1 && keyword != SqlKeyword.Transaction:
            case StatementKind.Prepare when _tokens == 2 && _previous == SqlKeyword.Transaction:
                _traits |= StatementTraits.Prepare;
                break;
            case StatementKind.Rollback:
                _rollbackTo |= keyword == SqlKeyword.To;
                break;
        }
    }

    private void TakeSettingName(in SqlWord name, SqlKeyword keyword)
    {
        // Else it is the value.
        if (_tokens > 1 && _previous is not (SqlKeyword.Session or SqlKeyword.Local)) return;
        if (keyword == SqlKeyword.Role || name.Kept.SequenceEqual("session_authorization"u8))
            _traits |= StatementTraits.SessionAuthorization;
        if (keyword == SqlKeyword.Seed) _traits |= StatementTraits.Seed;
    }

    private void TakeKeyword(SqlKeyword keyword)
    {
        switch (keyword)
        {
            case SqlKeyword.Temp or SqlKeyword.Temporary when _previous is SqlKeyword.Create or SqlKeyword.Replace
                or SqlKeyword.Local or SqlKeyword.Global or SqlKeyword.Into:
                _traits |= StatementTraits.TempObject;
                break;
            case SqlKeyword.Hold when _previous == SqlKeyword.With && _leading == StatementKind.Declare:
                _traits |= StatementTraits.HoldCursor;
                break;
            case SqlKeyword.Execute when _previous == SqlKeyword.As || _leading == StatementKind.Explain:
                _traits |= StatementTraits.Execute;
                break;
            case SqlKeyword.Update: _update = true; break;
            case SqlKeyword.Pg_settings when _update: _traits |= StatementTraits.SetConfig; break;
            case SqlKeyword.Set_config: _traits |= StatementTraits.SetConfig; break;
            case SqlKeyword.Setseed: _traits |= StatementTraits.Seed; break;
            case SqlKeyword.Freshet when _leading == StatementKind.Select && _tokens is 1 or 3:
                _traits |= StatementTraits.AdminCall;
                break;
            case SqlKeyword.Atomic when _previous == SqlKeyword.Begin && _leading == StatementKind.Create && _body == 0:
                _body = 1;
                break;
            // Behind AS and a dot they are names.
            case SqlKeyword.Case when _body > 0 && _previous is not (SqlKeyword.As or SqlKeyword.Dot):
                _body++;
                break;
            case SqlKeyword.End when _body > 0 && _previous is not (SqlKeyword.As or SqlKeyword.Dot):
                _body--;
                break;
        }
    }

    private void TakeServerName() => _traits |= StatementRules.OfServerName(_lexer.Word.Kept);
}
