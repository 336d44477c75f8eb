using Freshet.Server.Cli;
using Freshet.Server.Demo;

// The only place that knows every part: it plugs the proxy, the HTTP side and the checks into the command line.
var parts = new CliParts
{
    Up = async (loader, configuration, terminal, cancellation) =>
    {
        using var run = new UpRun(loader, configuration, terminal);
        return await run.RunAsync(cancellation);
    },
    Check = ServerCheck.RunAsync,
    Commands = [DemoCommand.Create()],
};
var color = Terminal.MayColor(Console.IsOutputRedirected, Environment.GetEnvironmentVariable);
var terminal = new Terminal(Console.Out, Console.Error) { Color = color };
var exitCode = RuntimeCryptography.IsPresent()
    ? await new CommandTree(parts, terminal).RunAsync(args, CancellationToken.None)
    : terminal.Fail(ExitCode.Failed, RuntimeCryptography.Missing);

// A loop thread that a second Ctrl-C left behind must not keep the process alive.
Environment.Exit(exitCode);
