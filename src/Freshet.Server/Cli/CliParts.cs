using System.CommandLine;
using Freshet.Server.Configuration;

namespace Freshet.Server.Cli;

/// <summary>What the commands start; <c>Program.cs</c> plugs it in.</summary>
internal sealed record CliParts
{
    /// <summary>Runs the proxy until it is told to stop; the result is the exit code.</summary>
    public required Func<ConfigurationLoader, FreshetConfiguration, Terminal, CancellationToken, Task<int>> Up
    {
        get;
        init;
    }

    /// <summary>Examines a server, for a pool of that size; the result is the exit code.</summary>
    public required Func<ServerUrl, int, Terminal, CancellationToken, Task<int>> Check { get; init; }

    /// <summary>Further commands that bring their own options.</summary>
    public IReadOnlyList<Command> Commands { get; init; } = [];
}
