using Freshet.Core.Sql;
using Freshet.Core.Wire;

namespace Freshet.Server.Proxy.Admin;

/// <summary>What is wrong with an admin call, as an ErrorResponse will say it.</summary>
internal sealed record AdminError(string SqlState, string Message, string? Hint)
{
    private const int MostCharacters = 200;

    /// <summary>Null: nothing is.</summary>
    public static AdminError? Of(AdminCall call) => call.Problem switch
    {
        AdminCallProblem.None => null,
        AdminCallProblem.Unknown => new AdminError(
            Core.Wire.SqlState.UndefinedFunction,
            $"function freshet.{Bound(call.Name)} does not exist",
            $"Freshet has freshet.{string.Join(", freshet.", AdminCall.Names)}."),
        AdminCallProblem.Argument => Invalid(
            $"the argument of freshet.{call.Name} is no text",
            "Bit strings, U&'…' with escapes and zero bytes are none."),
        _ => new AdminError(
            Core.Wire.SqlState.SyntaxError,
            $"freshet.{call.Name} is understood in one form only, with a string constant or $1, and nothing beside it",
            $"Write {AdminCall.FormOf(call.Function)}."),
    };

    public static AdminError Invalid(string message, string? hint = null) =>
        new(Core.Wire.SqlState.InvalidParameterValue, message, hint);

    public static AdminError Protocol(string message) =>
        new(Core.Wire.SqlState.ProtocolViolation, message, null);

    public static AdminError Failed(string message) => new(Core.Wire.SqlState.InternalError, message, null);

    private static string Bound(string name) =>
        name.Length <= MostCharacters ? name : name[..MostCharacters] + "…";
}
