using System.CommandLine;
using System.Text.Json.Nodes;
using Freshet.Server.Configuration;

namespace Freshet.Server.Cli;

/// <summary><c>freshet config</c>: looks at the configuration without starting anything.</summary>
internal static class ConfigCommand
{
    public static Command Create(Func<ParseResult, Terminal> terminal)
    {
        var command = new Command("config", "Look at the configuration without starting anything");
        command.Subcommands.Add(CreateLoading("check", "Say everything that is wrong with it", terminal, Check));
        command.Subcommands.Add(
            CreateLoading("show", "Show every setting in effect and where it comes from", terminal, Show)
        );
        var schema = new Command("schema", "Print the JSON schema of freshet.json");
        schema.SetAction(result =>
        {
            terminal(result).Output.Write(ConfigurationSchema.Read());
            return ExitCode.Done;
        });
        command.Subcommands.Add(schema);
        return command;
    }

    private static Command CreateLoading(
        string name,
        string description,
        Func<ParseResult, Terminal> terminal,
        Action<FreshetConfiguration, Terminal> show
    )
    {
        var settings = new SettingOptions();
        var command = new Command(name, description);
        settings.AddTo(command);
        command.SetAction(result =>
        {
            var output = terminal(result);
            var loader = settings.Loader(result, Environment.GetEnvironmentVariables());
            var configuration = loader.Load(out var errors);
            if (configuration is null)
                return output.Fail(errors);
            if (!output.Quiet && !output.Json)
            {
                foreach (var warning in configuration.Warnings)
                    output.Error.WriteLine($"warning: {SafeText.OneLine(warning)}");
            }
            show(configuration, output);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Check(FreshetConfiguration configuration, Terminal terminal)
    {
        if (terminal.Json)
            terminal.WriteJson(new JsonObject { ["valid"] = true, ["warnings"] = Warnings(configuration) });
        else if (!terminal.Quiet)
            terminal.Output.WriteLine($"The configuration is good ({configuration.File ?? "no file"}).");
    }

    private static void Show(FreshetConfiguration configuration, Terminal terminal)
    {
        if (terminal.Json)
        {
            var settings = configuration.Settings.Select(setting =>
                (JsonNode)
                    new JsonObject
                    {
                        ["key"] = setting.Key,
                        ["value"] = setting.Value,
                        ["source"] = setting.Origin.ToString(),
                    }
            );
            terminal.WriteJson(
                new JsonObject
                {
                    ["file"] = configuration.File,
                    ["settings"] = new JsonArray([.. settings]),
                    ["warnings"] = Warnings(configuration),
                }
            );
            return;
        }
        var keyWidth = configuration.Settings.Max(setting => setting.Key.Length);
        var valueWidth = Math.Min(40, configuration.Settings.Max(setting => setting.Value.Length));
        foreach (var setting in configuration.Settings)
        {
            terminal.Output.WriteLine(
                $"{setting.Key.PadRight(keyWidth)}  {setting.Value.PadRight(valueWidth)}  {setting.Origin}"
            );
        }
    }

    private static JsonArray Warnings(FreshetConfiguration configuration) =>
        [.. configuration.Warnings.Select(warning => (JsonNode)warning)];
}
