using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Demo.Report;
using Freshet.Server.Demo.Sample;
using Freshet.Server.Demo.Traffic;
using Npgsql;

namespace Freshet.Server.Demo;

/// <summary>The demo from the empty folder to the numbers. Owns the private server and the proxy until it is disposed;
/// <see cref="MeasureAsync"/> may be called once, after <see cref="StartAsync"/>.</summary>
internal sealed class DemoRun : IAsyncDisposable
{
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(0.5);

    private readonly DemoOptions _options;
    private readonly IDemoDisplay _display;
    private readonly string _rolePassword = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    // The keys of each side are kept: deriving them would otherwise be most of the generator's CPU time, on the same
    // cores as the server that is measured.
    private readonly ScramSecret _secretDirect, _secretThrough;
    private PrivatePostgres? _server;
    private ProxyProcess? _proxy;
    private TimeSpan _loadTime;

    public DemoRun(DemoOptions options, IDemoDisplay display)
    {
        _options = options;
        _display = display;
        _secretDirect = new ScramSecret(_rolePassword);
        _secretThrough = new ScramSecret(_rolePassword);
    }

    public string DirectUrl => UrlAt(new IPEndPoint(IPAddress.Loopback, Server.Port));

    public string ProxyUrl => UrlAt(Proxy.EndPoint);

    public string? HttpUrl => Proxy.Http is { } http ? $"http://{http}" : null;

    private PrivatePostgres Server => _server ?? throw new InvalidOperationException("not started");

    private ProxyProcess Proxy => _proxy ?? throw new InvalidOperationException("not started");

    /// <summary>Brings up the server, the sample data and the proxy.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _server = await _display.StepAsync("start a private PostgreSQL", _ => PrivatePostgres.StartAsync(
            new PrivatePostgresOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["max_connections"] = $"{_options.MaxConnections}",
                    ["shared_buffers"] = "256MB",
                    ["max_wal_size"] = "4GB", // no checkpoint in the middle of a round
                },
                StopOnSignals = false, // the command does
                Progress = _display.Say,
            },
            cancellationToken));

        var started = Stopwatch.GetTimestamp();
        await _display.StepAsync($"load {SampleDatabase.Rows:N0} rows", async progress =>
        {
            var rows = 0;
            try
            {
                await SampleDatabase.LoadAsync(
                    _server,
                    _rolePassword,
                    loaded => progress(Interlocked.Add(ref rows, loaded) / (double)SampleDatabase.Rows),
                    cancellationToken);
            }
            catch (NpgsqlException failure)
            {
                // Three connections load, and when the server gives up, the first to fail may not know why.
                var reason = _server.Failure() ?? (failure as PostgresException)?.MessageText ?? failure.Message;
                throw new DemoException(
                    $"loading the sample data into {_server.DataDirectory} failed: {reason}", failure);
            }
            return rows;
        });
        _loadTime = Stopwatch.GetElapsedTime(started);

        _proxy = await _display.StepAsync(
            "start Freshet", _ => ProxyProcess.StartAsync(_server, DirectUrl, _options.PoolSize, cancellationToken));
    }

    public async Task<DemoReport> MeasureAsync(CancellationToken cancellationToken)
    {
        using var watch = new ServerConnectionWatch(Server);
        var patterns = ImmutableArray.CreateBuilder<PatternReport>();
        foreach (var pattern in Enum.GetValues<TrafficPattern>())
        {
            var clients = pattern == TrafficPattern.Persistent ? _options.PersistentClients : _options.Clients;
            patterns.Add(new PatternReport(pattern, clients, new TrafficResult(), new TrafficResult()));
        }

        var warmUp = _options.RoundLength < LongestWarmUp ? _options.RoundLength : LongestWarmUp;
        foreach (var through in (bool[])[false, true])
            await RoundAsync("warm up", patterns[0], round: 0, through, warmUp, watch, cancellationToken);
        for (var round = 1; round <= _options.Rounds; round++)
        {
            foreach (var pattern in patterns)
            {
                // Who goes first changes from round to round: the second finds warmer caches and a larger table.
                foreach (var through in (bool[])(round % 2 == 1 ? [false, true] : [true, false]))
                {
                    var side = through ? pattern.Freshet : pattern.Direct;
                    var name = $"round {round}/{_options.Rounds}, {NameOf(pattern.Pattern)}, "
                        + (through ? "through Freshet" : "direct");
                    side.Add(await RoundAsync(
                        name, pattern, round, through, _options.RoundLength, watch, cancellationToken));
                }
            }
        }
        return ReportOf(patterns.ToImmutable());
    }

    public async ValueTask DisposeAsync()
    {
        if (_proxy is not null)
            await _proxy.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private Task<TrafficResult> RoundAsync(
        string name, PatternReport pattern, int round, bool throughFreshet, TimeSpan length,
        ServerConnectionWatch watch, CancellationToken cancellationToken)
    {
        EndPoint target = throughFreshet ? Proxy.EndPoint : new IPEndPoint(IPAddress.Loopback, Server.Port);
        var secret = throughFreshet ? _secretThrough : _secretDirect;
        return _display.StepAsync(name, async progress =>
        {
            var traffic = new TrafficRound(
                target, secret, pattern.Pattern, round, pattern.Clients, cancellationToken);
            await watch.StartAgainAsync(_options.PoolSize, ignorePresent: !throughFreshet, cancellationToken);
            using var clock = new Timer(
                started => progress(Math.Min(1, Stopwatch.GetElapsedTime((long)started!) / length)),
                Stopwatch.GetTimestamp(),
                TimeSpan.FromMilliseconds(200),
                TimeSpan.FromMilliseconds(200));
            var result = await Task.Factory.StartNew(
                () => traffic.Run(
                    length,
                    () => new CpuReading(Server.CpuTime(), throughFreshet ? Proxy.CpuTime : null)),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
            result.PeakServerConnections = watch.Peak;
            return result;
        });
    }

    private DemoReport ReportOf(ImmutableArray<PatternReport> patterns) => new()
    {
        FreshetVersion = typeof(DemoRun).Assembly
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "",
        PostgresVersion = Server.Version,
        Rows = SampleDatabase.Rows,
        LoadSeconds = _loadTime.TotalSeconds,
        PoolSize = _options.PoolSize,
        MaxConnections = _options.MaxConnections,
        Rounds = _options.Rounds,
        Cores = Environment.ProcessorCount,
        Patterns = patterns,
    };

    private string UrlAt(IPEndPoint address) =>
        $"postgres://{SampleDatabase.Role}:{_rolePassword}@{address}/{SampleDatabase.Name}";

    private static string NameOf(TrafficPattern pattern) =>
        pattern == TrafficPattern.ConnectPerVisit ? "a connection per visit" : "kept connections";
}
