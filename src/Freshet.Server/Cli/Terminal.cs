using System.Text.Json;
using System.Text.Json.Nodes;
using Freshet.Server.Configuration;

namespace Freshet.Server.Cli;

/// <summary>Where a command writes: data to <see cref="Output"/>, messages to <see cref="Error"/>, in the form that the
/// global options ask for.</summary>
internal sealed record Terminal(TextWriter Output, TextWriter Error)
{
    private static readonly JsonSerializerOptions JsonFormat = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public bool Json { get; init; }

    public bool Quiet { get; init; }

    /// <summary>Whether standard output may be coloured.</summary>
    public bool Color { get; init; }

    /// <summary>The rules of no-color.org and clig.dev.</summary>
    public static bool MayColor(bool redirected, Func<string, string?> environment) =>
        !redirected
        && string.IsNullOrEmpty(environment("NO_COLOR"))
        && !string.Equals(environment("TERM"), "dumb", StringComparison.Ordinal);

    public void WriteJson(JsonNode node) => Output.WriteLine(node.ToJsonString(JsonFormat));

    /// <summary>Says that the command failed, in one line or as JSON.</summary>
    public int Fail(int exitCode, string message, string? hint = null)
    {
        if (Json)
        {
            var error = new JsonObject { ["exitCode"] = exitCode, ["message"] = message };
            if (hint is not null)
                error["hint"] = hint;
            Error.WriteLine(new JsonObject { ["error"] = error }.ToJsonString(JsonFormat));
            return exitCode;
        }
        Error.WriteLine($"freshet: {SafeText.OneLine(message)}");
        if (hint is not null)
            Error.WriteLine($"  {SafeText.OneLine(hint)}");
        return exitCode;
    }

    /// <summary>Reports everything that is wrong with a configuration.</summary>
    public int Fail(IReadOnlyList<ConfigurationError> errors)
    {
        if (Json)
        {
            Error.WriteLine(
                new JsonObject
                {
                    ["error"] = new JsonObject
                    {
                        ["exitCode"] = ExitCode.Usage,
                        ["message"] = "the configuration is not usable",
                        ["configuration"] = new JsonArray([.. errors.Select(ToJson)]),
                    },
                }.ToJsonString(JsonFormat)
            );
            return ExitCode.Usage;
        }
        var count = errors.Count == 1 ? "one error" : $"{errors.Count} errors";
        Error.WriteLine($"freshet: the configuration has {count}:");
        foreach (var error in errors)
            Error.WriteLine($"  {error}");
        return ExitCode.Usage;
    }

    private static JsonNode ToJson(ConfigurationError error) =>
        new JsonObject
        {
            ["source"] = error.Origin.Source == SettingSource.Default ? null : error.Origin.Name,
            ["line"] = error.Origin.Line == 0 ? null : error.Origin.Line,
            ["key"] = error.Key.Length == 0 ? null : error.Key,
            ["message"] = error.Message,
        };
}
