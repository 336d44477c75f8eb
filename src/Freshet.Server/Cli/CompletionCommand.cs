using System.CommandLine;

namespace Freshet.Server.Cli;

/// <summary><c>freshet completion</c>: prints a script for a shell, made from the command tree. The script is complete
/// in itself and never starts the program.</summary>
internal static class CompletionCommand
{
    public static Command Create(Command root, Func<ParseResult, Terminal> terminal)
    {
        var command = new Command("completion", "Print a completion script for a shell");
        (string Shell, string Install, Func<CompletionModel, string> Write)[] shells =
        [
            ("bash", "eval \"$(freshet completion bash)\"", CompletionScripts.Bash),
            ("zsh", "eval \"$(freshet completion zsh)\"", CompletionScripts.Zsh),
            ("fish", "freshet completion fish | source", CompletionScripts.Fish),
            ("pwsh", "freshet completion pwsh | Out-String | Invoke-Expression", CompletionScripts.PowerShell),
        ];
        foreach (var (shell, install, write) in shells)
        {
            var leaf = new Command(shell, $"For {shell}: {install}");
            leaf.SetAction(result =>
            {
                terminal(result).Output.Write(write(CompletionModel.From(root)));
                return ExitCode.Done;
            });
            command.Subcommands.Add(leaf);
        }
        return command;
    }
}
