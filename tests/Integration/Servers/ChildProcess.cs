using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Freshet.Tests.Integration.Servers;

/// <summary>
/// A child process whose output is kept. It is ended at the latest by disposal: SIGTERM, then kill -9. Output arrives
/// on pool threads; everything else belongs to the test.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int Sighup = 1;
    private const int Sigterm = 15;

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly SemaphoreSlim _news = new(0);

    private ChildProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public string StandardOutput => Text(_output);

    public string StandardError => Text(_error);

    public static ChildProcess Start(
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string>? environment = null,
        string? folder = null
    )
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{command[0]} did not start");
        var child = new ChildProcess(process);
        process.OutputDataReceived += (_, line) => child.Note(child._output, line.Data);
        process.ErrorDataReceived += (_, line) => child.Note(child._error, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Feeds its standard input and closes it.</summary>
    public async Task WriteInputAsync(string text, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteAsync(text.AsMemory(), cancellationToken);
        _process.StandardInput.Close();
    }

    /// <summary>Feeds one line to its standard input and leaves that open.</summary>
    public async Task WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    /// <summary>Waits for the first line, of either stream, that the test accepts.</summary>
    public async Task<string> WaitForLineAsync(
        Func<string, bool> accepts, TimeSpan limit, CancellationToken cancellation)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ends.CancelAfter(limit);
        while (true)
        {
            var lines = $"{StandardOutput}\n{StandardError}".Split('\n');
            if (lines.FirstOrDefault(accepts) is { } found)
            {
                return found;
            }

            if (HasExited)
            {
                throw new InvalidOperationException($"exit code {ExitCode} instead of the line waited for:\n{All()}");
            }

            try
            {
                await _news.WaitAsync(TimeSpan.FromMilliseconds(200), ends.Token);
            }
            catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
            {
                throw new TimeoutException($"the line waited for did not come within {limit}:\n{All()}", exception);
            }
        }
    }

    /// <summary>Waits for the end and for the rest of the output; gives the exit code.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan limit, CancellationToken cancellation)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        ends.CancelAfter(limit);
        try
        {
            await _process.WaitForExitAsync(ends.Token);
        }
        catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"process {Id} still runs after {limit}:\n{All()}", exception);
        }

        return ExitCode;
    }

    public void Terminate() => Signal(Sigterm);

    /// <summary>SIGHUP: read the configuration again.</summary>
    public void Reload() => Signal(Sighup);

    /// <summary>kill -9.</summary>
    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            Terminate();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                Kill();
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }

        _process.Dispose();
        _news.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int processId, int signal);

    private static string Text(StringBuilder lines)
    {
        lock (lines)
        {
            return lines.ToString();
        }
    }

    private string All() => $"{StandardOutput}\n{StandardError}".Trim();

    private void Signal(int signal)
    {
        // It may have ended by itself in between; that is not the sender's concern.
        if (!HasExited)
        {
            _ = SendSignal(Id, signal);
        }
    }

    private void Note(StringBuilder lines, string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (lines)
        {
            lines.Append(line).Append('\n');
        }

        _news.Release();
    }
}
