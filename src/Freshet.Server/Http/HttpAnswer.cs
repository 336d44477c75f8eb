using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Freshet.Server.Http;

/// <summary>An answer, ready to be written.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Type">Content-Type.</param>
/// <param name="Body">The text.</param>
internal readonly record struct HttpAnswer(int Status, string Type, string Body)
{
    public const string JsonType = "application/json; charset=utf-8";

    public static HttpAnswer Of(JsonObject json) => new(StatusCodes.Status200OK, JsonType, json.ToJsonString());

    /// <param name="status">The status code.</param>
    /// <param name="message">What is wrong.</param>
    /// <param name="hint">What would be right.</param>
    public static HttpAnswer Error(int status, string message, string hint)
    {
        var error = new JsonObject { ["status"] = status, ["message"] = message, ["hint"] = hint };
        return new(status, JsonType, new JsonObject { ["error"] = error }.ToJsonString());
    }
}
