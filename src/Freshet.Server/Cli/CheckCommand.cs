using System.CommandLine;
using Freshet.Server.Configuration;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Cli;

/// <summary><c>freshet check URL</c>: what works with a server, what is missing, and the SQL that repairs it.</summary>
internal static class CheckCommand
{
    public static Command Create(CliParts parts, Func<ParseResult, Terminal> terminal)
    {
        var poolSize = new Option<string?>("--pool-size")
        {
            Description = "Server connections that the pool will use (default 20)",
            HelpName = "N",
        };
        var command = new Command("check", "Say what a server lacks, and the SQL that repairs it");
        var url = UrlArgument.AddTo<string>(command, ArgumentArity.ExactlyOne);
        command.Options.Add(poolSize);
        command.SetAction(
            async (result, cancellation) =>
            {
                var output = terminal(result);
                var settings = new CommandLineSettings()
                    .Add("URL argument", "url", result.GetValue(url))
                    .Add("--pool-size", "pool.size", result.GetValue(poolSize));
                var reading = new SettingReading();
                var options = FreshetOptions.Read(new SettingSection(reading, "", [settings.Root]));
                var server = ServerUrl.Read(options, Environment.GetEnvironmentVariables(), reading);
                if (server is null || reading.Errors.Count > 0)
                    return output.Fail(reading.Errors);
                var size = options.Pool.Size ?? new PoolSnapshot().Size;
                return await parts.Check(server, size, output, cancellation);
            }
        );
        return command;
    }
}
