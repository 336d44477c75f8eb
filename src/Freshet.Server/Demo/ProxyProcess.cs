using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Freshet.Server.Demo;

/// <summary>Freshet itself as a child process, <c>freshet up</c>, so that its CPU time can be read apart from the
/// traffic generator's. Its server URL travels in the environment: a command line can be read by everybody on the
/// machine.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private const int KeptLines = 20;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lastLines = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ProxyProcess(Process process) => _process = process;

    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>Health and metrics; null when off.</summary>
    public IPEndPoint? Http { get; private set; }

    public TimeSpan CpuTime => LinuxProcess.CpuTime(_process.Id);

    /// <param name="server">Stopping it stops the proxy too, so no way of ending the demo leaves it behind.</param>
    /// <param name="url">Of the database, with role and secret.</param>
    /// <param name="poolSize">Most server connections.</param>
    /// <param name="cache">The cache's mode.</param>
    public static async Task<ProxyProcess> StartAsync(
        PrivatePostgres server, string url, int poolSize, string cache, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath ?? "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = server.SocketDirectory, // where no freshet.json of the user's lies
        };
        if (Path.GetFileNameWithoutExtension(start.FileName).Equals("dotnet", StringComparison.Ordinal))
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "freshet.dll"));
        foreach (var argument in (string[])
            ["up", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--pool-size", $"{poolSize}", "--cache", cache])
        {
            start.ArgumentList.Add(argument);
        }
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToArray())
            start.Environment.Remove(name);
        start.Environment["FRESHET__URL"] = url;

        var child = Process.Start(start)
            ?? throw new DemoException($"{start.FileName} up could not be started");
        server.Accompany(child.Id);
        var proxy = new ProxyProcess(child);
        try
        {
            await proxy.WaitUntilReadyAsync(cancellationToken);
            return proxy;
        }
        catch
        {
            await proxy.DisposeAsync();
            throw;
        }
    }

    /// <summary>The most server connections of the pool, from the metrics, looked at five times a second until told to
    /// stop and once after that. A pool keeps its connections for longer than that.</summary>
    public async Task<int> PeakServersAsync(CancellationToken stop)
    {
        using var http = new HttpClient();
        var peak = 0;
        while (true)
        {
            var isLast = stop.IsCancellationRequested;
            peak = int.Max(peak, await CountServersAsync(http));
            if (isLast)
                return peak;
            await Task.WhenAny(Task.Delay(TimeSpan.FromMilliseconds(200), stop));
        }
    }

    private async Task<int> CountServersAsync(HttpClient http)
    {
        var metrics = await http.GetStringAsync(new Uri($"http://{Http}/metrics"), CancellationToken.None);
        return metrics.Split('\n')
            .Where(line => line.StartsWith("freshet_pool_servers{", StringComparison.Ordinal))
            .Sum(line => int.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            LinuxProcess.Signal(_process.Id, LinuxProcess.SignalTerminate);
            using var patience = new CancellationTokenSource(StopPatience);
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }
        _process.Dispose();
    }

    private static bool IsSetting(string variable) => variable.StartsWith("FRESHET__", StringComparison.Ordinal);

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        _process.StandardInput.Close();
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        var ended = _process.WaitForExitAsync(cancellationToken);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = await Task.WhenAny(_ready.Task, ended, Task.Delay(StartPatience, late.Token));
        await late.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (first != _ready.Task)
        {
            var what = _process.HasExited
                ? $"ended with exit code {_process.ExitCode}"
                : "said no 'ready' line in time";
            throw new DemoException($"freshet up {what}\n{string.Join('\n', _lastLines)}".TrimEnd());
        }
        var line = await _ready.Task;
        EndPoint = AddressIn(line, "listen=")
            ?? throw new DemoException($"freshet up: no address in its ready line: {line}");
        Http = AddressIn(line, "http=");
    }

    /// <summary><c>ready listen=127.0.0.1:6432 http=127.0.0.1:8432</c>; http may be <c>off</c>.</summary>
    internal static IPEndPoint? AddressIn(string readyLine, string key)
    {
        var word = readyLine.Split(' ').FirstOrDefault(word => word.StartsWith(key, StringComparison.Ordinal));
        return word is not null && IPEndPoint.TryParse(word.AsSpan(key.Length), out var address) ? address : null;
    }

    private void Take(string? line)
    {
        if (line is null)
            return;
        _lastLines.Enqueue(line);
        if (_lastLines.Count > KeptLines)
            _lastLines.TryDequeue(out _);
        if (line.StartsWith("ready ", StringComparison.Ordinal))
            _ready.TrySetResult(line);
    }
}
