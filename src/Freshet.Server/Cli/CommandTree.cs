using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Freshet.Server.Configuration;

namespace Freshet.Server.Cli;

/// <summary>The commands of <c>freshet</c>, and how a command line is run.</summary>
internal sealed class CommandTree
{
    private readonly GlobalOptions _global = new();
    private readonly Terminal _terminal;

    public CommandTree(CliParts parts, Terminal terminal)
    {
        _terminal = terminal;
        Root = new RootCommand("Freshet: a PostgreSQL pooling proxy. As fast as a cache, as fresh as the database.");
        // The suggest directive needs a tool of its own; `freshet completion` does not.
        Root.Directives.Clear();
        _global.AddTo(Root);
        Root.Subcommands.Add(UpCommand.Create(parts, Apply));
        Root.Subcommands.Add(CheckCommand.Create(parts, Apply));
        Root.Subcommands.Add(ConfigCommand.Create(Apply));
        Root.Subcommands.Add(CacheCommand.Create(Apply));
        Root.Subcommands.Add(ExplainCommand.Create(Apply));
        foreach (var command in parts.Commands)
            Root.Subcommands.Add(command);
        Root.Subcommands.Add(CompletionCommand.Create(Root, Apply));
    }

    public RootCommand Root { get; }

    public async Task<int> RunAsync(string[] arguments, CancellationToken cancellation)
    {
        // No response files: an argument that starts with @ is an argument.
        var result = Root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (result.Errors.Count > 0 && result.Action is ParseErrorAction)
            return FailParsing(result, arguments);
        // Signals are the business of the command: `up` drains.
        var invocation = new InvocationConfiguration
        {
            Output = _terminal.Output,
            Error = _terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        return await result.InvokeAsync(invocation, cancellation);
    }

    private Terminal Apply(ParseResult result) => _global.Apply(result, _terminal);

    private int FailParsing(ParseResult result, string[] arguments)
    {
        // The parser quotes arguments, and a misplaced one may be a URL with its password.
        var messages = result.Errors.Select(error =>
            arguments.Aggregate(
                error.Message,
                (message, argument) =>
                    argument.Length == 0
                        ? message
                        : message.Replace(argument, SafeText.MaskConnectionString(argument), StringComparison.Ordinal)
            )
        );
        var path = PathOf(result.CommandResult);
        return Apply(result).Fail(ExitCode.Usage, string.Join(" ", messages), $"See: {path} --help");
    }

    private static string PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{PathOf(parent)} {command.Command.Name}" : "freshet";
}
