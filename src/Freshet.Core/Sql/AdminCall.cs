using System.Diagnostics.CodeAnalysis;
using Freshet.Core.Sql.Analysis;

namespace Freshet.Core.Sql;

/// <summary>The functions that the proxy itself answers. The names with a prefix are those that SQL has for them.
/// </summary>
internal enum AdminFunction
{
    InvalidateTag,
    InvalidateTable,
    InvalidateProfile,
    InvalidateKey,
    InvalidateFingerprint,
    InvalidateAll,
    Explain,
}

/// <summary>What kept a text from being a call.</summary>
internal enum AdminCallProblem
{
    None,

    /// <summary>There is no such function.</summary>
    Unknown,

    /// <summary>The function is not called in the one form that is understood, or something stands beside it.</summary>
    Form,

    /// <summary>The argument holds a zero byte or an escape that is not decoded.</summary>
    Argument,
}

/// <summary>
/// A text that asks the proxy and not the server: <c>SELECT freshet.invalidate_tag('games')</c>, or
/// <c>SELECT * FROM freshet.explain('select …')</c>, alone in its text, with a string constant or <c>$1</c>. Whatever
/// begins like one is taken for one, so that a slip is answered with what would be right.
/// </summary>
internal sealed record AdminCall
{
    private const string Invalidate = "invalidate_";

    public AdminFunction Function { get; private init; }

    /// <summary>The function's name without its schema, as it was written, folded.</summary>
    public string Name { get; private init; } = "";

    /// <summary>The constant's value; null: a parameter gives it, or none is taken.</summary>
    public byte[]? Constant { get; private init; }

    /// <summary>The argument is <c>$1</c>.</summary>
    public bool HasParameter { get; private init; }

    public AdminCallProblem Problem { get; private init; }

    public static IEnumerable<string> Names => Enum.GetValues<AdminFunction>().Select(NameOf);

    /// <summary>How a function is called, for hints.</summary>
    public static string FormOf(AdminFunction function) => function switch
    {
        AdminFunction.Explain => "SELECT * FROM freshet.explain('select …')",
        AdminFunction.InvalidateAll => "SELECT freshet.invalidate_all()",
        _ => $"SELECT freshet.{NameOf(function)}('…')",
    };

    /// <summary>Whether the text begins like a call. Looks at no more tokens than needed: two for most statements.
    /// </summary>
    public static bool Begins(ReadOnlySpan<byte> text, bool standardConformingStrings)
    {
        var reader = new TokenReader(text, standardConformingStrings);
        return TryTakeHead(ref reader, out _, out _);
    }

    /// <summary>False: the text is none, and a server's business.</summary>
    /// <param name="text">A whole query text.</param>
    /// <param name="standardConformingStrings">The session's setting.</param>
    /// <param name="call">Look at <see cref="Problem"/> first.</param>
    public static bool TryRead(
        ReadOnlySpan<byte> text, bool standardConformingStrings, [NotNullWhen(true)] out AdminCall? call)
    {
        var reader = new TokenReader(text, standardConformingStrings);
        if (!TryTakeHead(ref reader, out bool isTable, out string name))
        {
            call = null;
            return false;
        }

        call = new AdminCall { Name = name, Problem = AdminCallProblem.Unknown };
        foreach (AdminFunction function in Enum.GetValues<AdminFunction>())
        {
            if (string.Equals(NameOf(function), name, StringComparison.Ordinal))
            {
                call = ReadRest(ref reader, call with { Function = function }, isTable, standardConformingStrings);
            }
        }

        return true;
    }

    /// <summary><c>SELECT [* FROM] freshet.name(</c>; the reader then stands behind the parenthesis.</summary>
    private static bool TryTakeHead(ref TokenReader reader, out bool isTable, out string name)
    {
        isTable = false;
        name = "";
        if (!reader.TakeWord("select"u8))
        {
            return false;
        }

        isTable = reader.TakeOperator('*');
        return (!isTable || reader.TakeWord("from"u8))
            && reader.TakeWord("freshet"u8)
            && reader.Take(SqlTokenKind.Dot)
            && reader.TryTakeName(out name)
            && reader.Take(SqlTokenKind.OpenParenthesis);
    }

    private static AdminCall ReadRest(ref TokenReader reader, AdminCall call, bool isTable, bool conforming)
    {
        AdminCall wrong = call with { Problem = AdminCallProblem.Form };
        if (call.Function != AdminFunction.InvalidateAll)
        {
            switch (reader.Kind)
            {
                case SqlTokenKind.String:
                    byte[]? value = StringConstant.Decode(reader.Text, conforming, out _);
                    bool isBits = (reader.Text[0] | 0x20) is 'b' or 'x';
                    if (value is null || isBits || value.Contains((byte)0))
                    {
                        return call with { Problem = AdminCallProblem.Argument };
                    }

                    call = call with { Constant = value };
                    break;
                case SqlTokenKind.Parameter when reader.Text is [(byte)'$', (byte)'1', .. var rest]
                    && !rest.ContainsAnyInRange((byte)'0', (byte)'9'):
                    call = call with { HasParameter = true };
                    break;
                default:
                    return wrong;
            }

            reader.Next();
            if (reader.TakeOperator(':') && !(reader.TakeOperator(':') && TakeTextType(ref reader)))
            {
                return wrong;
            }
        }

        bool complete = reader.Take(SqlTokenKind.CloseParenthesis) && reader.IsAtEnd()
            && isTable == (call.Function == AdminFunction.Explain);
        return complete ? call with { Problem = AdminCallProblem.None } : wrong;
    }

    private static bool TakeTextType(ref TokenReader reader) =>
        reader.TakeWord("text"u8) || reader.TakeWord("varchar"u8);

    private static string NameOf(AdminFunction function) =>
        function == AdminFunction.Explain
            ? "explain"
            : Invalidate + function.ToString()[(Invalidate.Length - 1)..].ToLowerInvariant();
}
