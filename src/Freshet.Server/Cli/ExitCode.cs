namespace Freshet.Server.Cli;

/// <summary>What the process ends with. Scripts depend on the numbers.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;

    /// <summary>A wrong command line or configuration.</summary>
    public const int Usage = 2;

    /// <summary>A check ran and found something to repair.</summary>
    public const int Findings = 3;

    /// <summary>Stopped by a second Ctrl-C or SIGTERM, without the drain's end.</summary>
    public const int Interrupted = 130;
}
