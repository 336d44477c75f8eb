using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Freshet.Server.Configuration;
using Freshet.Server.Proxy;

namespace Freshet.Server.Logging;

/// <summary>One line of the log.</summary>
internal readonly record struct LogLine(DateTimeOffset Time, ProxyLogLevel Level, string Message)
{
    public string Format(bool json)
    {
        var time = Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        // Messages may quote what a client sent: a line break or an escape sequence in it must not reach the terminal.
        return json
            ? $$"""{"time":"{{time}}","level":"{{LevelName}}","message":"{{Encode(Message)}}"}"""
            : $"{time} {LevelName,-7} {SafeText.OneLine(Message)}";
    }

    private string LevelName =>
        Level switch
        {
            ProxyLogLevel.Debug => "debug",
            ProxyLogLevel.Information => "info",
            ProxyLogLevel.Warning => "warning",
            _ => "error",
        };

    private static string Encode(string text) =>
        JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).ToString();
}
