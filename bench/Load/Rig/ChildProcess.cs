using System.Diagnostics;

namespace Freshet.Bench.Load.Rig;

/// <summary>
/// A server or tool that the bench started and therefore ends: by its process id, SIGTERM first, SIGKILL after ten
/// seconds. Keeps the last lines that it wrote, for the message when it fails.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int KeptLines = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Process process;
    private readonly Queue<string> lastLines = new();
    private readonly Lock gate = new();

    private ChildProcess(string name, Process process) => (Name, this.process) = (name, process);

    public string Name { get; }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    public string LastLines
    {
        get
        {
            lock (gate)
                return string.Join('\n', lastLines);
        }
    }

    /// <param name="command">A <c>ServerAccount</c> may have wrapped it; the process id is the program's all the same.
    /// </param>
    /// <param name="onErrorLine">Called for each line on standard error as it arrives, on a pool thread.</param>
    /// <param name="onOutputLine">The same for standard output.</param>
    public static ChildProcess Start(
        string name,
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string>? environment = null,
        string? workingFolder = null,
        Action<string>? onErrorLine = null,
        Action<string>? onOutputLine = null)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            WorkingDirectory = workingFolder ?? "/",
        };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
            start.Environment[key] = value;

        var child = new ChildProcess(name, new Process { StartInfo = start });
        child.process.ErrorDataReceived += (_, line) => child.Keep(line.Data, onErrorLine);
        child.process.OutputDataReceived += (_, line) => child.Keep(line.Data, onOutputLine);
        child.process.Start();
        child.process.StandardInput.Close();
        child.process.BeginErrorReadLine();
        child.process.BeginOutputReadLine();
        return child;
    }

    /// <summary>Waits for a tool to end by itself and throws when it failed.</summary>
    public async Task WaitForSuccessAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
            throw new BenchException($"{Name} ended with exit code {process.ExitCode}:\n{LastLines}");
    }

    /// <summary>SIGKILL: the process learns nothing of its end.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        process.Kill();
        await process.WaitForExitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            Signal("TERM");
            using var patience = new CancellationTokenSource(Patience);
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        process.Dispose();
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", ["-" + signal, process.Id.ToString()]);
        kill.WaitForExit();
    }

    private void Keep(string? line, Action<string>? observer)
    {
        if (line is null)
            return;
        lock (gate)
        {
            lastLines.Enqueue(line);
            if (lastLines.Count > KeptLines)
                lastLines.Dequeue();
        }

        observer?.Invoke(line);
    }
}
