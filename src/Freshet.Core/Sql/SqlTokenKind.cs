namespace Freshet.Core.Sql;

/// <summary>The tokens of <see cref="SqlLexer"/>.</summary>
internal enum SqlTokenKind : byte
{
    /// <summary>No token: the text given so far is used up.</summary>
    None,

    /// <summary>Keyword or identifier without quotes, folded to lower case.</summary>
    Word,

    /// <summary>Identifier in double quotes, as it stands between them.</summary>
    QuotedWord,

    /// <summary><c>U&amp;"…"</c>: its name is not decoded.</summary>
    UnicodeWord,

    /// <summary>String constant of any kind, with all its continuations on further lines; dollar quotes too.</summary>
    String,

    Number,

    /// <summary><c>$1</c>.</summary>
    Parameter,

    /// <summary>One operator character, or the <c>..</c> of a range. An operator of several characters is as many
    /// tokens: nobody here has to tell operators apart, and comments are found all the same.</summary>
    Operator,

    Dot,
    Comma,
    OpenParenthesis,
    CloseParenthesis,
    Semicolon,

    /// <summary>What the server would reject, such as a lone <c>$</c> or a control character.</summary>
    Other,

    /// <summary>The text ended inside a string, quoted identifier or comment: the server will reject it all.</summary>
    Unterminated,
}
