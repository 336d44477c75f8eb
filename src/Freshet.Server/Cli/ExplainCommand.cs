using System.CommandLine;
using System.Text.Json.Nodes;
using Freshet.Server.Configuration;

namespace Freshet.Server.Cli;

/// <summary><c>freshet explain SQL</c>: how the running process's cache deals with a statement.</summary>
internal static class ExplainCommand
{
    public static Command Create(Func<ParseResult, Terminal> terminal)
    {
        var process = new ProcessOptions();
        var command = new Command("explain", "Say whether the running process caches a statement, why not, and how");
        var sql = new Argument<string>("SQL") { Description = "The statement, as the application sends it" };
        var user = new Option<string?>("--user")
        {
            Description = "Whose session sends it (default: nobody's)",
            HelpName = "NAME",
        };
        var path = new Option<string?>("--search-path")
        {
            Description = "The session's search_path where it sets one",
            HelpName = "PATH",
        };
        var database = CacheCommand.Database();
        command.Arguments.Add(sql);
        command.Options.Add(database);
        command.Options.Add(user);
        command.Options.Add(path);
        process.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            var output = terminal(result);
            var body = new JsonObject { ["query"] = result.GetValue(sql) };
            CacheCommand.AddDatabase(body, result.GetValue(database));
            if (result.GetValue(user) is { } name)
                body["user"] = name;
            if (result.GetValue(path) is { } schemas)
                body["searchPath"] = schemas;
            if (process.Find(result, Environment.GetEnvironmentVariables(), output) is not { } running)
                return ExitCode.Usage;
            if (await running.AskAsync("/cache/explain", body, output, cancellation) is not { } answer)
                return ExitCode.Failed;
            Write(output, answer);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(Terminal terminal, JsonObject answer)
    {
        var lines = (answer["lines"] as JsonArray ?? [])
            .Select(line => ((string)line![0]!, (string)line[1]!))
            .ToArray();
        if (terminal.Json)
        {
            answer.Remove("lines");
            terminal.WriteJson(answer);
            return;
        }
        var width = lines.Max(line => line.Item1.Length);
        foreach (var (item, value) in lines)
            terminal.Output.WriteLine($"{SafeText.OneLine(item).PadRight(width)}  {SafeText.OneLine(value)}");
    }
}
