using System.Globalization;
using System.Text.RegularExpressions;

namespace Freshet.Tests.Integration.Servers;

/// <summary>The built <c>freshet up</c> as a child process, on free ports of the loopback.</summary>
internal sealed class FreshetProcess : IProxyProcess
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);

    private static readonly Regex Address = new(
        @"(?<http>http=(?:http://)?)?127\.0\.0\.1:(?<port>[1-9]\d*)",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        TimeSpan.FromSeconds(5)
    );

    private readonly ChildProcess _child;
    private readonly string? _folder;

    private FreshetProcess(ChildProcess child, string? folder)
    {
        _child = child;
        _folder = folder;
    }

    public int Port { get; private set; }

    public int HttpPort { get; private set; }

    public int ProcessId => _child.Id;

    public string Output => _child.StandardOutput + _child.StandardError;

    public string StandardError => _child.StandardError;

    /// <summary>The freshet.json that it was started with; rewrite it and <see cref="Reload"/>.</summary>
    public string ConfigurationFile => Path.Combine(_folder ?? throw NoFile(), "freshet.json");

    public static async Task<FreshetProcess> StartAsync(ProxyOptions options, CancellationToken cancellation)
    {
        var folder = options.Configuration is null ? null : Directory.CreateTempSubdirectory("freshet-test").FullName;
        var process = new FreshetProcess(ChildProcess.Start(Command(options, folder)), folder);
        try
        {
            var line = await process._child.WaitForLineAsync(IsReady, StartLimit, cancellation);
            process.ReadAddresses(line);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>All samples of <c>/metrics</c>: name with labels, value.</summary>
    public async Task<IReadOnlyDictionary<string, double>> ReadMetricsAsync(CancellationToken cancellation)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        var text = await http.GetStringAsync(new Uri($"http://127.0.0.1:{HttpPort}/metrics"), cancellation);
        return text.Split('\n')
            .Where(line => line.Length > 0 && line[0] is not '#')
            .ToDictionary(
                line => line[..line.LastIndexOf(' ')],
                line => line.EndsWith("+Inf", StringComparison.Ordinal)
                    ? double.PositiveInfinity
                    : double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture),
                StringComparer.Ordinal
            );
    }

    /// <summary>SIGTERM; gives the exit code.</summary>
    public Task<int> StopAsync(CancellationToken cancellation)
    {
        _child.Terminate();
        return _child.WaitForExitAsync(StopLimit, cancellation);
    }

    /// <summary>SIGTERM without waiting.</summary>
    public void Terminate() => _child.Terminate();

    public Task<int> WaitForExitAsync(CancellationToken cancellation) =>
        _child.WaitForExitAsync(StopLimit, cancellation);

    /// <summary>SIGHUP.</summary>
    public void Reload() => _child.Reload();

    public void Kill() => _child.Kill();

    public Task<string> WaitForLineAsync(string part, CancellationToken cancellation) =>
        _child.WaitForLineAsync(
            line => line.Contains(part, StringComparison.Ordinal), TimeSpan.FromSeconds(10), cancellation);

    public async ValueTask DisposeAsync()
    {
        await _child.DisposeAsync();
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private static List<string> Command(ProxyOptions options, string? folder)
    {
        var executable = Path.Combine(AppContext.BaseDirectory, "freshet");
        if (!File.Exists(executable))
        {
            throw new FileNotFoundException("the build has put no freshet beside the tests", executable);
        }

        List<string> command = [executable, "up"];
        if (folder is null)
        {
            command.AddRange([options.Server.Url, "--pool-mode", options.Mode.ToString().ToLowerInvariant()]);
            command.AddRange(["--pool-size", $"{options.PoolSize}", "--auth", options.Auth]);
        }
        else
        {
            var file = Path.Combine(folder, "freshet.json");
            File.WriteAllText(file, options.Configuration);
            command.AddRange(["--config", file]);
        }

        command.AddRange(["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        if (options.Cache.Length > 0)
        {
            command.AddRange(["--cache", options.Cache]);
        }

        command.AddRange(options.Arguments);
        return options.OpenFiles is { } most
            ? ["/bin/sh", "-c", $"ulimit -n {most} && exec \"$@\"", "freshet", .. command]
            : command;
    }

    private static bool IsReady(string line) => line.StartsWith("ready ", StringComparison.Ordinal);

    private static InvalidOperationException NoFile() => new("it was started without a freshet.json");

    private void ReadAddresses(string line)
    {
        foreach (Match match in Address.Matches(line))
        {
            var port = int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture);
            if (match.Groups["http"].Success)
            {
                HttpPort = port;
            }
            else if (Port is 0)
            {
                Port = port;
            }
        }

        if (Port is 0 || HttpPort is 0)
        {
            throw new InvalidDataException($"the ready line lacks a listen= or an http= address: {line}");
        }
    }
}
