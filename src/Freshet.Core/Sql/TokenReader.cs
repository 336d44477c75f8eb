using System.Text;

namespace Freshet.Core.Sql;

/// <summary>One token of look-ahead over a whole text, for <see cref="LoneStatement"/>.</summary>
internal ref struct TokenReader
{
    /// <summary>PostgreSQL's <c>NAMEDATALEN</c> - 1.</summary>
    private const int MaximumNameBytes = 63;

    private static readonly UTF8Encoding _strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _text;
    private SqlLexer _lexer;
    private int _position;

    public TokenReader(ReadOnlySpan<byte> text, bool standardConformingStrings)
    {
        _text = text;
        _lexer = new(standardConformingStrings);
        while (Take(SqlTokenKind.Semicolon) || Kind == SqlTokenKind.None && Next())
        {
        }
    }

    /// <summary>The token at hand; None at the end of the text.</summary>
    public SqlTokenKind Kind { get; private set; }

    /// <summary>The token at hand and what the lexer skipped to be sure of its end.</summary>
    public readonly ReadOnlySpan<byte> Text => _text[_lexer.TokenStart.._position];

    /// <summary>Goes to the next token; false at the end.</summary>
    public bool Next()
    {
        Kind = _lexer.Read(_text, ref _position);
        if (Kind == SqlTokenKind.None) Kind = _lexer.Finish();
        return Kind != SqlTokenKind.None;
    }

    public bool Take(SqlTokenKind kind)
    {
        if (Kind != kind) return false;
        Next();
        return true;
    }

    public readonly bool IsWord(ReadOnlySpan<byte> folded) =>
        Kind == SqlTokenKind.Word && _lexer.Word.Length == folded.Length && _lexer.Word.Kept.SequenceEqual(folded);

    public bool TakeWord(ReadOnlySpan<byte> folded)
    {
        if (!IsWord(folded)) return false;
        Next();
        return true;
    }

    public readonly bool IsOperator(char character) =>
        Kind == SqlTokenKind.Operator && Text.Length == 1 && Text[0] == character;

    public bool TakeOperator(char character)
    {
        if (!IsOperator(character)) return false;
        Next();
        return true;
    }

    /// <summary>An identifier, quoted or not, as the server takes it.</summary>
    public bool TryTakeName(out string name)
    {
        name = "";
        if (Kind is not (SqlTokenKind.Word or SqlTokenKind.QuotedWord) || _lexer.Word.Length == 0) return false;
        var bytes = _lexer.Word.Kept;
        if (bytes.Length > MaximumNameBytes)
        {
            // Not through the middle of a character.
            var end = MaximumNameBytes;
            while (end > 0 && (bytes[end] & 0xC0) == 0x80) end--;
            bytes = bytes[..end];
        }

        if (!System.Text.Unicode.Utf8.IsValid(bytes)) return false;
        name = _strict.GetString(bytes);
        Next();
        return true;
    }

    /// <summary>Skips from the opening parenthesis at hand behind the closing one; false where there is none.</summary>
    public bool SkipParentheses()
    {
        var depth = 0;
        do
        {
            if (Kind == SqlTokenKind.OpenParenthesis) depth++;
            else if (Kind == SqlTokenKind.CloseParenthesis) depth--;
            else if (Kind is SqlTokenKind.Semicolon or SqlTokenKind.Unterminated) return false;
        }
        while (Next() && depth > 0);
        return depth == 0;
    }

    /// <summary>Skips the rest of the statement, which must not be empty; true when it is the last.</summary>
    public bool SkipStatement()
    {
        if (Kind is SqlTokenKind.None or SqlTokenKind.Semicolon) return false;
        while (Kind is not (SqlTokenKind.None or SqlTokenKind.Semicolon or SqlTokenKind.Unterminated)) Next();
        return IsAtEnd();
    }

    /// <summary>Whether nothing but semicolons is left; takes them.</summary>
    public bool IsAtEnd()
    {
        while (Take(SqlTokenKind.Semicolon))
        {
        }

        return Kind == SqlTokenKind.None;
    }
}
