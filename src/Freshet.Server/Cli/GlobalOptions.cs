using System.CommandLine;

namespace Freshet.Server.Cli;

/// <summary>Options that every command takes.</summary>
internal sealed class GlobalOptions
{
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Write results and errors as JSON",
        Recursive = true,
    };

    private readonly Option<bool> _noColor = new("--no-color")
    {
        Description = "Write no colours (also: NO_COLOR=1)",
        Recursive = true,
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q")
    {
        Description = "Write only what was asked for, and errors",
        Recursive = true,
    };

    public void AddTo(Command root)
    {
        root.Options.Add(_json);
        root.Options.Add(_noColor);
        root.Options.Add(_quiet);
    }

    public Terminal Apply(ParseResult result, Terminal terminal) =>
        terminal with
        {
            Json = result.GetValue(_json),
            Quiet = result.GetValue(_quiet),
            Color = terminal.Color && !result.GetValue(_noColor),
        };
}
