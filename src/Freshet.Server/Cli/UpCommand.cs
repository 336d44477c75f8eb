using System.CommandLine;

namespace Freshet.Server.Cli;

/// <summary><c>freshet up</c>: the proxy itself.</summary>
internal static class UpCommand
{
    public static Command Create(CliParts parts, Func<ParseResult, Terminal> terminal)
    {
        var settings = new SettingOptions();
        var command = new Command("up", "Start the proxy in front of a PostgreSQL server");
        settings.AddTo(command);
        command.SetAction(
            (result, cancellation) =>
                RunAsync(settings, parts, result, terminal(result), cancellation)
        );
        return command;
    }

    private static async Task<int> RunAsync(
        SettingOptions settings,
        CliParts parts,
        ParseResult result,
        Terminal terminal,
        CancellationToken cancellation
    )
    {
        var loader = settings.Loader(result, Environment.GetEnvironmentVariables());
        var configuration = loader.Load(out var errors);
        if (configuration is null)
            return terminal.Fail(errors);
        return await parts.Up(loader, configuration, terminal, cancellation);
    }
}
