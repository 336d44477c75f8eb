using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Freshet.Core.Sql;

/// <summary>
/// Reads the statements that a pool has to understand whole, each from a text that holds nothing else (comments and a
/// last semicolon are allowed). Everything that is not exactly of the simple form yields false: the caller then relies
/// on <see cref="StatementTraits"/>.
/// </summary>
/// <remarks>Names come folded and dequoted as the server takes them, cut to 63 bytes. A name that is not valid UTF-8
/// yields false: as a string it could no longer be told from others. Syntax errors are the server's to find, so a text
/// that it would reject may be taken here: act on its success only.</remarks>
internal static class LoneStatement
{
    /// <summary><c>SET [SESSION] name {TO | =} value [, value …]</c>.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="standardConformingStrings">The session's setting.</param>
    /// <param name="name">Folded, with its dots.</param>
    /// <param name="value">As <c>set_config(name, value, false)</c> wants it; null: DEFAULT, which is RESET. What is
    /// quoted only because it is a reserved word (<c>"user"</c> in search_path) comes unquoted: the same schema, but
    /// SHOW differs.</param>
    /// <returns>False also for settings that are not the session's or cannot be replayed: role, session_authorization,
    /// seed, transaction_*; and for a search_path with pg_temp, which makes every CREATE a temporary one.</returns>
    public static bool TryParseSet(
        ReadOnlySpan<byte> text, bool standardConformingStrings, out string name, out string? value)
    {
        name = "";
        value = null;
        var reader = new TokenReader(text, standardConformingStrings);
        if (!reader.TakeWord("set"u8)) return false;
        if (reader.IsWord("local"u8)) return false;
        if (reader.IsWord("session"u8)) reader.Next();
        if (!TryTakeSettingName(ref reader, out name)) return false;
        if (!reader.TakeWord("to"u8) && !reader.TakeOperator('=')) return false;
        if (reader.TakeWord("default"u8)) return reader.IsAtEnd();
        var values = new StringBuilder();
        var quoted = SettingValue.IsQuotedList(name);
        do
        {
            if (!SettingValue.TryTake(ref reader, standardConformingStrings, out var one)) return false;
            if (values.Length > 0) values.Append(", ");
            values.Append(quoted ? SettingValue.QuoteIdentifier(one) : one);
        }
        while (reader.Take(SqlTokenKind.Comma));
        value = values.ToString();
        if (string.Equals(name, "search_path", StringComparison.Ordinal)
            && value.Contains("pg_temp", StringComparison.Ordinal)) return false;
        return reader.IsAtEnd();
    }

    /// <summary><c>RESET name</c>; not ALL.</summary>
    public static bool TryParseReset(ReadOnlySpan<byte> text, bool standardConformingStrings, out string name)
    {
        name = "";
        var reader = new TokenReader(text, standardConformingStrings);
        return reader.TakeWord("reset"u8) && !reader.IsWord("all"u8) && TryTakeSettingName(ref reader, out name)
            && reader.IsAtEnd();
    }

    /// <summary><c>PREPARE name [(types)] AS …</c>.</summary>
    public static bool TryParsePrepare(ReadOnlySpan<byte> text, bool standardConformingStrings, out string name)
    {
        name = "";
        var reader = new TokenReader(text, standardConformingStrings);
        if (!reader.TakeWord("prepare"u8) || !reader.TryTakeName(out name)) return false;
        if (reader.Kind == SqlTokenKind.OpenParenthesis && !reader.SkipParentheses()) return false;
        return reader.TakeWord("as"u8) && reader.SkipStatement();
    }

    /// <summary><c>EXECUTE name</c> or <c>EXECUTE name(values)</c>.</summary>
    public static bool TryParseExecute(ReadOnlySpan<byte> text, bool standardConformingStrings, out string name)
    {
        name = "";
        var reader = new TokenReader(text, standardConformingStrings);
        if (!reader.TakeWord("execute"u8) || !reader.TryTakeName(out name)) return false;
        if (reader.Kind == SqlTokenKind.OpenParenthesis && !reader.SkipParentheses()) return false;
        return reader.IsAtEnd();
    }

    /// <summary><c>DEALLOCATE [PREPARE] {name | ALL}</c>; null is ALL.</summary>
    public static bool TryParseDeallocate(ReadOnlySpan<byte> text, bool standardConformingStrings, out string? name)
    {
        name = null;
        var reader = new TokenReader(text, standardConformingStrings);
        if (!reader.TakeWord("deallocate"u8)) return false;
        if (reader.IsWord("prepare"u8))
        {
            reader.Next();
            // The word is also a name that a statement may have.
            if (reader.IsAtEnd())
            {
                name = "prepare";
                return true;
            }
        }

        if (reader.TakeWord("all"u8)) return reader.IsAtEnd();
        return reader.TryTakeName(out name) && reader.IsAtEnd();
    }

    private static bool TryTakeSettingName(ref TokenReader reader, [NotNullWhen(true)] out string name)
    {
        var whole = new StringBuilder();
        name = "";
        do
        {
            if (!reader.TryTakeName(out var part)) return false;
            if (whole.Length > 0) whole.Append('.');
            // The server does not heed case in them, quoted or not; letters beyond ASCII stay.
            foreach (var character in part)
                whole.Append(char.IsAsciiLetterUpper(character) ? (char)(character | 0x20) : character);
        }
        while (reader.Take(SqlTokenKind.Dot));
        name = whole.ToString();
        return SettingValue.CanBeReplayed(name);
    }
}
