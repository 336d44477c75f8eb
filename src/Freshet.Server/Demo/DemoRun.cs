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

    /// <summary>Of the side that follows the changes: the stream, the pulse, the catalogues.</summary>
    private const int FeedConnections = 3;

    private readonly DemoOptions _options;
    private readonly IDemoDisplay _display;
    private readonly string _rolePassword = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    // The keys of each side are kept: deriving them would otherwise be most of the generator's CPU time, on the same
    // cores as the server that is measured.
    private readonly Dictionary<DemoSide, ScramSecret> _secrets;
    private PrivatePostgres? _server;
    private ProxyProcess? _pooled, _cached;
    private TimeSpan _loadTime;

    public DemoRun(DemoOptions options, IDemoDisplay display)
    {
        _options = options;
        _display = display;
        _secrets = Enum.GetValues<DemoSide>().ToDictionary(side => side, _ => new ScramSecret(_rolePassword));
    }

    public string DirectUrl => UrlAt(new IPEndPoint(IPAddress.Loopback, Server.Port));

    public string ProxyUrl => UrlAt(Proxy.EndPoint);

    public string? HttpUrl => Proxy.Http is { } http ? $"http://{http}" : null;

    private PrivatePostgres Server => _server ?? throw new InvalidOperationException("not started");

    /// <summary>The one that caches: what <c>freshet up</c> is by default.</summary>
    private ProxyProcess Proxy => _cached ?? throw new InvalidOperationException("not started");

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
                    ["wal_level"] = "logical",
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

        (_pooled, _cached) = await _display.StepAsync("start Freshet", async _ => (
            await ProxyProcess.StartAsync(_server, DirectUrl, _options.PoolSize, "off", cancellationToken),
            await ProxyProcess.StartAsync(_server, DirectUrl, _options.PoolSize, "session", cancellationToken)));
    }

    public async Task<DemoReport> MeasureAsync(CancellationToken cancellationToken)
    {
        using var watch = new ServerConnectionWatch(Server);
        var patterns = ImmutableArray.CreateBuilder<PatternReport>();
        foreach (var pattern in Enum.GetValues<TrafficPattern>())
        {
            var clients = pattern == TrafficPattern.ConnectPerVisit ? _options.Clients : _options.PersistentClients;
            patterns.Add(new PatternReport(
                pattern, clients, new TrafficResult(), new TrafficResult(), new TrafficResult()));
        }

        var warmUp = _options.RoundLength < LongestWarmUp ? _options.RoundLength : LongestWarmUp;
        var sides = Enum.GetValues<DemoSide>();
        foreach (var side in sides)
            await RoundAsync("warm up", patterns[0], round: 0, side, warmUp, watch, cancellationToken);
        for (var round = 1; round <= _options.Rounds; round++)
        {
            foreach (var pattern in patterns)
            {
                // Who goes first changes from round to round: the second finds warmer caches and a larger table.
                foreach (var side in round % 2 == 1 ? sides : sides.Reverse())
                {
                    var name = $"round {round}/{_options.Rounds}, {NameOf(pattern.Pattern)}, "
                        + side.ToString().ToLowerInvariant();
                    pattern.Of(side).Add(await RoundAsync(
                        name, pattern, round, side, _options.RoundLength, watch, cancellationToken));
                }
            }
        }
        var write = await LiveWrite.TryAsync(
            ConnectionString(new IPEndPoint(IPAddress.Loopback, Server.Port)), ConnectionString(Proxy.EndPoint),
            cancellationToken);
        using var http = new HttpClient();
        var share = CacheShare.Read(await http.GetStringAsync(new Uri($"{HttpUrl}/metrics"), cancellationToken));
        return ReportOf(patterns.ToImmutable(), share, write);
    }

    public async ValueTask DisposeAsync()
    {
        if (_pooled is not null)
            await _pooled.DisposeAsync();
        if (_cached is not null)
            await _cached.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private Task<TrafficResult> RoundAsync(
        string name, PatternReport pattern, int round, DemoSide side, TimeSpan length,
        ServerConnectionWatch watch, CancellationToken cancellationToken)
    {
        var proxy = side switch
        {
            DemoSide.Pooled => _pooled,
            DemoSide.Cached => _cached,
            _ => null,
        };
        EndPoint target = proxy?.EndPoint ?? new IPEndPoint(IPAddress.Loopback, Server.Port);
        var secret = _secrets[side];
        return _display.StepAsync(name, async progress =>
        {
            var traffic = new TrafficRound(
                target, secret, pattern.Pattern, round, pattern.Clients, cancellationToken);
            await watch.StartAgainAsync((2 * _options.PoolSize) + FeedConnections, cancellationToken);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var servers = proxy?.PeakServersAsync(ended.Token);
            using var clock = new Timer(
                started => progress(Math.Min(1, Stopwatch.GetElapsedTime((long)started!) / length)),
                Stopwatch.GetTimestamp(),
                TimeSpan.FromMilliseconds(200),
                TimeSpan.FromMilliseconds(200));
            var result = await Task.Factory.StartNew(
                () => traffic.Run(
                    length,
                    () => new CpuReading(Server.CpuTime(), proxy?.CpuTime)),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
            await ended.CancelAsync();
            result.PeakServerConnections = servers is null ? watch.Peak : await servers;
            return result;
        });
    }

    private DemoReport ReportOf(ImmutableArray<PatternReport> patterns, CacheShare share, LiveWrite write) => new()
    {
        Cache = share,
        LiveWrite = write,
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

    private string ConnectionString(IPEndPoint address) => new NpgsqlConnectionStringBuilder
    {
        Host = address.Address.ToString(),
        Port = address.Port,
        Database = SampleDatabase.Name,
        Username = SampleDatabase.Role,
        Password = _rolePassword,
        Pooling = false,
        NoResetOnClose = true,
    }.ConnectionString;

    private static string NameOf(TrafficPattern pattern) => pattern switch
    {
        TrafficPattern.ConnectPerVisit => "a connection per visit",
        TrafficPattern.Persistent => "kept connections",
        _ => "popular pages",
    };
}
