using System.CommandLine;
using System.Text.Json.Nodes;
using Freshet.Server.Configuration;

namespace Freshet.Server.Cli;

/// <summary><c>freshet cache</c>: looks at the cache of the running process, and invalidates results in it.</summary>
internal static class CacheCommand
{
    private static readonly (string Key, string Value, string Description)[] Kinds =
    [
        ("tag", "TAG", "Results with this tag"),
        ("table", "TABLE", "Results that depend on this table; with or without its schema"),
        ("profile", "PROFILE", "Results of this profile"),
        ("key", "PREFIX", "Results whose key begins like this"),
        ("fingerprint", "HEX", "Results of the statements with this fingerprint, as explain shows it"),
    ];

    public static Command Create(Func<ParseResult, Terminal> terminal)
    {
        var command = new Command("cache", "Look at the running process's cache, or invalidate results in it");
        command.Subcommands.Add(CreateInvalidate(terminal));
        command.Subcommands.Add(CreateShow(terminal));
        return command;
    }

    private static Command CreateInvalidate(Func<ParseResult, Terminal> terminal)
    {
        var process = new ProcessOptions();
        var command = new Command("invalidate", "Never serve results again whose query was sent before now");
        var named = Kinds
            .Select(kind => new Option<string?>("--" + kind.Key)
            {
                Description = kind.Description,
                HelpName = kind.Value,
            })
            .ToArray();
        var all = new Option<bool>("--all") { Description = "All results of the database" };
        var database = Database();
        Array.ForEach(named, command.Options.Add);
        command.Options.Add(all);
        command.Options.Add(database);
        process.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            var output = terminal(result);
            var body = new JsonObject();
            foreach (var (option, kind) in named.Zip(Kinds))
            {
                if (result.GetValue(option) is { } value)
                    body[kind.Key] = value;
            }
            if (result.GetValue(all))
                body["all"] = true;
            if (body.Count != 1)
            {
                return output.Fail(
                    ExitCode.Usage,
                    $"{(body.Count == 0 ? "none" : "more than one")} of --tag, --table, --profile, --key, "
                        + "--fingerprint, --all is given",
                    "See: freshet cache invalidate --help");
            }
            AddDatabase(body, result.GetValue(database));
            if (process.Find(result, Environment.GetEnvironmentVariables(), output) is not { } running)
                return ExitCode.Usage;
            if (await running.AskAsync("/cache/invalidate", body, output, cancellation) is not { } answer)
                return ExitCode.Failed;
            if (output.Json)
                output.WriteJson(answer);
            else if (!output.Quiet)
            {
                output.Output.WriteLine(SafeText.OneLine(
                    $"{answer["database"]}: {answer["invalidated"]} invalidated, {answer["statements"]} statements"));
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateShow(Func<ParseResult, Terminal> terminal)
    {
        var process = new ProcessOptions();
        var command = new Command("show", "Show what is cached, and how requests were answered");
        process.AddTo(command);
        command.SetAction(async (result, cancellation) =>
        {
            var output = terminal(result);
            if (process.Find(result, Environment.GetEnvironmentVariables(), output) is not { } running)
                return ExitCode.Usage;
            if (await running.AskAsync("/cache", null, output, cancellation) is not { } answer)
                return ExitCode.Failed;
            if (output.Json)
                output.WriteJson(answer);
            else
                Write(output.Output, answer);
            return ExitCode.Done;
        });
        return command;
    }

    public static Option<string?> Database() =>
        new("--database")
        {
            Description = "The database's name on its server, or HOST:PORT/NAME (default: the only one)",
            HelpName = "NAME",
        };

    public static void AddDatabase(JsonObject body, string? database)
    {
        if (database is not null)
            body["database"] = database;
    }

    private static void Write(TextWriter output, JsonObject cache)
    {
        var (bytes, most) = ((long)cache["bytes"]!, (long)cache["maxBytes"]!);
        output.WriteLine($"results     {cache["entries"]} in {bytes / 1024} KB of {most / 1024} KB");
        foreach (var database in (JsonArray)cache["databases"]!)
        {
            var requests = (JsonObject)database!["requests"]!;
            var (mode, inForce) = ((string)database["mode"]!, (string)database["modeInForce"]!);
            var others = requests.Sum(pair => (long)pair.Value!) - (long)requests["hit"]! - (long)requests["miss"]!;
            (string, string)[] lines =
            [
                ("database", (string)database["database"]!),
                ("  mode", string.Equals(mode, inForce, StringComparison.Ordinal) ? mode : $"{inForce}, not {mode}"),
                ("  feed", database["feed"] is { } feed ? $"{feed["state"]}, {feed["tables"]} tables" : "none"),
                ("  requests", $"{requests["hit"]} hits, {requests["miss"]} misses, {others} past the cache"),
                ("  statements", $"{database["statements"]}"),
            ];
            foreach (var (item, value) in lines)
                output.WriteLine($"{item,-12}{SafeText.OneLine(value)}");
        }
    }
}
