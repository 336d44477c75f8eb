namespace Freshet.Core.Sql;

/// <summary>Where <see cref="SqlLexer"/> stands between two bytes.</summary>
internal enum SqlLexerState : byte
{
    Start,
    Word,
    WordAmpersand,      // after U&
    PendingOperator,    // an operator character is taken but not reported
    String,             // inside '…'
    StringBackslash,    // after a backslash in it
    StringQuote,        // after a quote in it: the end, or the first half of a doubled one
    StringGap,          // behind the closing quote: a newline and a quote would continue the string
    StringGapDash,
    StringGapComment,
    QuotedWord,
    QuotedWordQuote,
    Dollar,
    DollarTag,
    DollarBody,
    DollarMatch,        // inside what may be the closing tag
    Parameter,
    Number,
    NumberDot,
    Dot,
    Dash,
    Slash,
    LineComment,
    BlockComment,
    BlockCommentSlash,
    BlockCommentStar,
}

/// <summary>What a quote and a backslash mean inside a string.</summary>
internal enum SqlStringStyle : byte
{
    Plain,      // '' is a quote
    Escape,     // '' and \' are
    Bit,        // nothing is: B'…' and X'…'
}

/// <summary>What a number has shown so far.</summary>
[Flags]
internal enum SqlNumberPart : byte
{
    None = 0,
    Point = 1,
    Exponent = 2,
    ExponentSign = 4,   // a sign may follow
    Zero = 8,           // a lone 0: x, o or b may follow
    Prefix = 16,
}

internal static class SqlLexerStates
{
    /// <summary>The token that the end of the text ends.</summary>
    public static SqlTokenKind TokenAtEnd(this SqlLexerState state, bool unicode) => state switch
    {
        SqlLexerState.Start or SqlLexerState.LineComment => SqlTokenKind.None,
        SqlLexerState.Word or SqlLexerState.WordAmpersand => SqlTokenKind.Word,
        SqlLexerState.StringQuote or SqlLexerState.StringGap or SqlLexerState.StringGapDash
            or SqlLexerState.StringGapComment => SqlTokenKind.String,
        SqlLexerState.QuotedWordQuote => unicode ? SqlTokenKind.UnicodeWord : SqlTokenKind.QuotedWord,
        SqlLexerState.Dollar or SqlLexerState.DollarTag => SqlTokenKind.Other,
        SqlLexerState.Parameter => SqlTokenKind.Parameter,
        SqlLexerState.Number or SqlLexerState.NumberDot => SqlTokenKind.Number,
        SqlLexerState.Dot => SqlTokenKind.Dot,
        SqlLexerState.Dash or SqlLexerState.Slash or SqlLexerState.PendingOperator => SqlTokenKind.Operator,
        _ => SqlTokenKind.Unterminated,
    };
}
