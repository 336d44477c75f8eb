using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Freshet.Server.Demo.Report;
using Spectre.Console;

namespace Freshet.Server.Demo;

/// <summary><c>freshet demo</c>: the same traffic direct and through Freshet, on a database of its own.</summary>
internal static class DemoCommand
{
    private const int Failed = 1;
    private const int Interrupted = 130;

    public static Command Create()
    {
        var defaults = new DemoOptions();
        var seconds = new Option<double>("--seconds")
        {
            Description = "Seconds of traffic in all",
            DefaultValueFactory = _ => defaults.Seconds,
        };
        var clients = new Option<int>("--clients")
        {
            Description = "Concurrent web workers",
            DefaultValueFactory = _ => defaults.Clients,
        };
        var poolSize = new Option<int>("--pool-size")
        {
            Description = "Server connections that Freshet may use",
            DefaultValueFactory = _ => defaults.PoolSize,
        };
        var json = new Option<bool>("--json") { Description = "Print the results as JSON" };
        var keep = new Option<bool>("--keep") { Description = "Stay up after the table until Ctrl-C" };
        RequireRange(seconds, 0.5, 3_600);
        RequireRange(clients, 1, DemoOptions.MostClients);
        RequireRange(poolSize, 1, DemoOptions.LargestPool);

        var command = new Command(
            "demo", "Start a private PostgreSQL, load sample data, compare direct traffic with traffic through Freshet")
        {
            seconds, clients, poolSize, json, keep,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new DemoOptions
            {
                Seconds = parsed.GetValue(seconds),
                Clients = parsed.GetValue(clients),
                PoolSize = parsed.GetValue(poolSize),
                Json = parsed.GetValue(json),
                Keep = parsed.GetValue(keep),
            },
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(DemoOptions options, CancellationToken cancellationToken)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, cancel));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, cancel));
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => Stop(signal, cancel));
        try
        {
            await using var run = new DemoRun(options, ChooseDisplay());
            await run.StartAsync(cancel.Token);
            Print(await run.MeasureAsync(cancel.Token), options.Json);
            if (options.Keep)
                await StayUpAsync(run, cancel.Token);
            return 0;
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("stopped; nothing is left behind");
            return Interrupted;
        }
        catch (Exception failure) when (failure is DemoException or PrivatePostgresException)
        {
            await Console.Error.WriteLineAsync($"freshet demo: {failure.Message}");
            return Failed;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Full or closed folders are the user's to mend, and the message names the file.
            await Console.Error.WriteLineAsync($"freshet demo: {failure.Message}");
            return Failed;
        }
    }

    /// <summary>The first signal stops in good order. The second ends the process at once; what it still owns is killed
    /// and removed by <see cref="ClusterGuard"/>.</summary>
    private static void Stop(PosixSignalContext signal, CancellationTokenSource cancel)
    {
        signal.Cancel = true;
        if (cancel.IsCancellationRequested)
            Environment.Exit(Interrupted);
        Console.Error.WriteLine("stopping; once more to stop at once");
        cancel.Cancel();
    }

    private static async Task StayUpAsync(DemoRun run, CancellationToken cancellationToken)
    {
        await Console.Error.WriteLineAsync(
            $"""

            through Freshet  {run.ProxyUrl}
            direct           {run.DirectUrl}
            health, metrics  {run.HttpUrl ?? "off"}
            Ctrl-C stops everything and removes the database.
            """);
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The way out of --keep: success.
        }
    }

    private static void Print(DemoReport report, bool json)
    {
        if (json)
            Console.Out.WriteLine(DemoJson.Write(report));
        else
            DemoTable.Write(report, ConsoleOn(Console.Out, Console.IsOutputRedirected));
    }

    private static IDemoDisplay ChooseDisplay() => Console.IsErrorRedirected || !AllowsColor()
        ? new LineDisplay(Console.Error)
        : new BarDisplay(ConsoleOn(Console.Error, redirected: false));

    private static IAnsiConsole ConsoleOn(TextWriter output, bool redirected)
    {
        var plain = redirected || !AllowsColor();
        return AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
    }

    private static bool AllowsColor() =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && !string.Equals(Environment.GetEnvironmentVariable("TERM"), "dumb", StringComparison.Ordinal);

    // Reads the word itself: validators run before the parser converts, and asking it for the value of a word that is
    // no number throws.
    private static void RequireRange<T>(Option<T> option, T least, T most)
        where T : IComparable<T>, IParsable<T> =>
        option.Validators.Add(result =>
        {
            if (result.Tokens is not [var word])
                return; // the default, or a number of words that the parser refuses
            if (!T.TryParse(word.Value, CultureInfo.InvariantCulture, out var value)
                || value.CompareTo(least) < 0
                || value.CompareTo(most) > 0)
            {
                result.AddError(string.Create(
                    CultureInfo.InvariantCulture, $"{option.Name} {word.Value}: must be from {least} to {most}"));
            }
        });
}
