using System.Collections.Immutable;
using System.CommandLine;

namespace Freshet.Server.Cli;

/// <summary>What can follow each command path, flattened for the scripts.</summary>
internal sealed record CompletionModel(ImmutableArray<CompletionNode> Nodes)
{
    public static CompletionModel From(Command root)
    {
        var nodes = ImmutableArray.CreateBuilder<CompletionNode>();
        Visit(root, "freshet", [], nodes);
        return new(nodes.ToImmutable());
    }

    private static void Visit(
        Command command,
        string path,
        ImmutableArray<Option> inherited,
        ImmutableArray<CompletionNode>.Builder nodes
    )
    {
        ImmutableArray<Option> options = [.. command.Options.Where(option => !option.Hidden), .. inherited];
        nodes.Add(
            new(
                path,
                [.. command.Subcommands.Where(child => !child.Hidden).Select(child => new CompletionWord(child))],
                [.. options.Select(option => new CompletionOption(option))]
            )
        );
        ImmutableArray<Option> recursive = [.. options.Where(option => option.Recursive)];
        foreach (var child in command.Subcommands.Where(child => !child.Hidden))
            Visit(child, $"{path} {child.Name}", recursive, nodes);
    }
}

/// <param name="Path">The command with its parents, <c>freshet config show</c>.</param>
/// <param name="Commands">Its subcommands.</param>
/// <param name="Options">Its options, the inherited ones included.</param>
internal sealed record CompletionNode(
    string Path,
    ImmutableArray<CompletionWord> Commands,
    ImmutableArray<CompletionOption> Options
);

internal sealed record CompletionWord(string Name, string Description)
{
    public CompletionWord(Symbol symbol)
        : this(symbol.Name, symbol.Description ?? "") { }
}

/// <param name="Names">The name and its aliases.</param>
/// <param name="Description">One line.</param>
/// <param name="TakesValue">Whether a value follows.</param>
/// <param name="Values">The allowed values where they can be listed.</param>
/// <param name="IsFile">Whether the value is a file name.</param>
internal sealed record CompletionOption(
    ImmutableArray<string> Names,
    string Description,
    bool TakesValue,
    ImmutableArray<string> Values,
    bool IsFile
)
{
    // Help has the alias /? too, which no shell script needs.
    public CompletionOption(Option option)
        : this(
            [.. option.Aliases.Prepend(option.Name).Distinct(StringComparer.Ordinal).Where(name => name[0] == '-')],
            option.Description ?? "",
            option.Arity.MaximumNumberOfValues > 0 && option.ValueType != typeof(bool),
            option.HelpName?.Contains('|', StringComparison.Ordinal) == true ? [.. option.HelpName.Split('|')] : [],
            string.Equals(option.HelpName, "FILE", StringComparison.Ordinal)
        )
    { }
}
