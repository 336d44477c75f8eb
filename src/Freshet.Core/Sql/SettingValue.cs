using System.Globalization;
using System.Text;

namespace Freshet.Core.Sql;

/// <summary>The value in a SET statement and the form in which <c>set_config</c> takes it.</summary>
internal static class SettingValue
{
    /// <summary>The settings of the server's flag <c>GUC_LIST_QUOTE</c>: lists of identifiers. Extensions cannot add
    /// any.</summary>
    public static bool IsQuotedList(string name) => name is "search_path" or "temp_tablespaces"
        or "local_preload_libraries" or "session_preload_libraries" or "shared_preload_libraries"
        or "unix_socket_directories";

    /// <summary>False for what is not a plain setting of the session: replaying its value would do something else.
    /// </summary>
    public static bool CanBeReplayed(string name) => name is not ("role" or "session_authorization" or "seed"
        or "transaction_isolation" or "transaction_read_only" or "transaction_deferrable" or "session" or "local"
        or "time" or "names" or "transaction" or "constraints" or "schema" or "catalog" or "xml" or "all");

    /// <summary>Takes a word, a string constant without escapes, or a number with its sign.</summary>
    public static bool TryTake(ref TokenReader reader, bool standardConformingStrings, out string value)
    {
        value = "";
        switch (reader.Kind)
        {
            case SqlTokenKind.Word or SqlTokenKind.QuotedWord:
                return !reader.IsWord("default"u8) && reader.TryTakeName(out value);
            case SqlTokenKind.String:
                return TryReadString(reader.Text, standardConformingStrings, out value) && Advance(ref reader);
            case SqlTokenKind.Number:
                return TryReadNumber(reader.Text, negative: false, out value) && Advance(ref reader);
            case SqlTokenKind.Operator when reader.IsOperator('-') || reader.IsOperator('+'):
                var negative = reader.IsOperator('-');
                reader.Next();
                return reader.Kind == SqlTokenKind.Number
                    && TryReadNumber(reader.Text, negative, out value) && Advance(ref reader);
            default:
                return false;
        }
    }

    /// <summary>As the server's <c>quote_identifier</c>, but for reserved words.</summary>
    public static string QuoteIdentifier(string name)
    {
        var safe = name.Length > 0 && (char.IsAsciiLetterLower(name[0]) || name[0] == '_');
        foreach (var character in name)
            safe &= char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '_';
        return safe ? name : SqlQuoting.Identifier(name);
    }

    private static bool Advance(ref TokenReader reader)
    {
        reader.Next();
        return true;
    }

    /// <summary>A plain constant, '…' with doubled quotes; prefixes, dollar quotes, backslash escapes and continuations
    /// on further lines are left to the server.</summary>
    private static bool TryReadString(ReadOnlySpan<byte> text, bool standardConformingStrings, out string value)
    {
        value = "";
        if (text[0] != '\'') return false;
        var content = new List<byte>(text.Length);
        var at = 1;
        for (; at < text.Length; at++)
        {
            if (text[at] == '\\' && !standardConformingStrings) return false;
            if (text[at] == '\'')
            {
                at++;
                if (at == text.Length || text[at] != '\'') break;
            }

            content.Add(text[at]);
        }

        // Behind the end the lexer looked for a continuation: white space and comments, or that other string.
        if (text[Math.Min(at, text.Length)..].Contains((byte)'\'')) return false;
        var bytes = content.ToArray();
        if (!System.Text.Unicode.Utf8.IsValid(bytes)) return false;
        value = Encoding.UTF8.GetString(bytes);
        return true;
    }

    /// <summary>Decimal integers as <c>int4out</c> prints them, other decimals as they are written.</summary>
    private static bool TryReadNumber(ReadOnlySpan<byte> text, bool negative, out string value)
    {
        value = Encoding.ASCII.GetString(text);
        if (value.AsSpan().IndexOfAnyExcept("0123456789.eE+-") >= 0 || value.EndsWith("..", StringComparison.Ordinal))
            return false;
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            value = number.ToString(CultureInfo.InvariantCulture);
        if (negative && value is not "0") value = "-" + value;
        return true;
    }
}
