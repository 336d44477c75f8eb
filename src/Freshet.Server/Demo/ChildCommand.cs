using System.Diagnostics;

namespace Freshet.Server.Demo;

/// <summary>Runs a short-lived program to its end and keeps what it said. A cancelled run is killed.</summary>
internal static class ChildCommand
{
    public sealed record Result(int ExitCode, string Output, string Errors)
    {
        /// <summary>The last line that says something: what a person wants to read of a failed program.</summary>
        public string LastLine()
        {
            var text = Errors.Length > 0 ? Errors : Output;
            var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return lines.Length > 0 ? lines[^1] : $"exit code {ExitCode}";
        }

        /// <summary>The line in which a program of PostgreSQL says why it gave up: the one that is marked as a
        /// failure, as initdb tells afterwards how it tidies up. Without a mark, the last line.</summary>
        public string Cause() => PostgresLog.Failure(Errors) ?? PostgresLog.Failure(Output) ?? LastLine();
    }

    public static async Task<Result> RunAsync(
        IReadOnlyList<string> command, string workingDirectory, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(command[0])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = workingDirectory,
        };
        foreach (var argument in command.Skip(1))
            start.ArgumentList.Add(argument);
        start.Environment["LC_ALL"] = "C"; // messages are searched for known words

        using var process = Process.Start(start)
            ?? throw new InvalidOperationException($"{command[0]} could not be started");
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await Task.WhenAll(output, errors);
            await process.WaitForExitAsync(cancellationToken);
            return new Result(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>The full path of a program on the PATH, or null.</summary>
    public static string? Locate(string program)
    {
        foreach (var folder in SearchPath())
        {
            var candidate = Path.Combine(folder, program);
            if (File.Exists(candidate))
                return candidate;
        }
        return null;
    }

    /// <summary>The folders of PATH, then the system's own, which a trimmed PATH (cron, containers) may lack.</summary>
    public static IEnumerable<string> SearchPath()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        return path.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
            .Distinct(StringComparer.Ordinal);
    }
}
