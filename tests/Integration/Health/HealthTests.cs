using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Freshet.Server.Demo;
using Freshet.Tests.Integration.Caching;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Health;

/// <summary>What balancers are told while all is well, while the pool is exhausted, and while the database is gone or
/// hangs: the answer comes from memory each time.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class HealthTests(TestServers servers)
{
    /// <summary>As many as the promise names.</summary>
    private const int Requests = 10_000;

    private const int SignalContinue = 18, SignalStop = 19;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_proxy_with_a_database_is_healthy_and_tells_how_it_is()
    {
        await using var proxy = await FreshetProcess.StartAsync(new ProxyOptions(servers.Wire), Cancellation);
        using var http = Http(proxy);
        using var client = WireClient.Connect("127.0.0.1", proxy.Port).Login("wire", "wire");
        client.Query("select 1");
        foreach (var path in (string[])["health", "api/health"])
        {
            var report = await UntilAsync(http, path, found => Status(found) is "healthy");
            Assert.Equal("pass", Check(report, "connectivity"));
            Assert.Equal("pass", Check(report, "pool"));
            Assert.True((double)report["metrics"]!["responseTime"]! > 0);
        }

        var (status, full) = await GetAsync(http, "health?full=true");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("pass", Check(full, $"server {servers.Wire.Host}:{servers.Wire.Port}"));
        Assert.Equal("pass", Check(full, "pool wire/wire"));
        Assert.True((int)full["metrics"]!["connectionCount"]! >= 1);
    }

    [Fact]
    public async Task While_the_pool_is_exhausted_it_is_degraded_and_every_request_is_answered()
    {
        await using var proxy = await FreshetProcess.StartAsync(
            new ProxyOptions(servers.Wire) { PoolSize = 1 }, Cancellation);
        using var http = Http(proxy);
        using var holder = WireClient.Connect("127.0.0.1", proxy.Port).Login("wire", "wire");
        holder.Query("begin");
        using var waiter = WireClient.Connect("127.0.0.1", proxy.Port).Login("wire", "wire");
        waiter.Send(Frontend.Query("select 1"));

        var report = await UntilAsync(http, "health", found => Check(found, "pool") is not "pass");
        Assert.Equal("degraded", Status(report));
        Assert.Contains("1 of 1 server connections", Message(report, "pool"), StringComparison.Ordinal);
        await AskOftenAsync(http, HttpStatusCode.OK, "exhausted");

        holder.Query("commit");
        waiter.ReadUntilReady();
        await UntilAsync(http, "health", found => Status(found) is "healthy");
    }

    [Fact]
    public async Task A_database_that_hangs_or_is_gone_is_unhealthy_and_every_request_is_answered()
    {
        await using var server = await TrustingPostgres.StartAsync();
        var endpoint = new Endpoint(server.Host, server.Port, "postgres", "wire", "");
        await using var proxy = await FreshetProcess.StartAsync(new ProxyOptions(endpoint), Cancellation);
        using var http = Http(proxy);
        await UntilAsync(http, "health", found => Status(found) is "healthy");

        // Stopped by a signal it accepts connections and answers nothing, as a host behind a dead network.
        var postmaster = server.ProcessId!.Value;
        LinuxProcess.Signal(postmaster, SignalStop);
        try
        {
            var hanging = await UntilAsync(http, "health", found => Status(found) is "unhealthy");
            Assert.Contains("no answer within 2 s", Message(hanging, "connectivity"), StringComparison.Ordinal);
            await AskOftenAsync(http, HttpStatusCode.ServiceUnavailable, "hanging");
        }
        finally
        {
            LinuxProcess.Signal(postmaster, SignalContinue);
        }

        await UntilAsync(http, "health", found => Status(found) is "healthy");
        await server.StopAsync(PostgresStopMode.Immediate, Cancellation);
        var (status, full) = await GetAsync(http, "api/health?full=true");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("refused", Message(full, $"server {server.Host}:{server.Port}"), StringComparison.Ordinal);
        await UntilAsync(http, "health", found => Status(found) is "unhealthy");
        await AskOftenAsync(http, HttpStatusCode.ServiceUnavailable, "gone");

        await server.StartAgainAsync(Cancellation);
        await UntilAsync(http, "health", found => Status(found) is "healthy");
    }

    [Fact]
    public async Task A_probe_leaves_no_line_in_the_servers_log()
    {
        await using var server = await TrustingPostgres.StartAsync();
        var before = await File.ReadAllTextAsync(server.LogFile, Cancellation);
        var endpoint = new Endpoint(server.Host, server.Port, "postgres", "wire", "");
        await using var proxy = await FreshetProcess.StartAsync(new ProxyOptions(endpoint), Cancellation);
        using var http = Http(proxy);
        for (var check = 0; check < 5; check++)
        {
            await GetAsync(http, "health?full=true");
        }

        Assert.Equal(before, await File.ReadAllTextAsync(server.LogFile, Cancellation));
    }

    /// <summary>Sixteen at a time; how long the slowest took is told, not judged.</summary>
    private static async Task AskOftenAsync(HttpClient http, HttpStatusCode expected, string state)
    {
        var slowest = new long[16];
        await Parallel.ForAsync(0, slowest.Length, Cancellation, async (asker, cancellation) =>
        {
            for (var request = 0; request < Requests / slowest.Length; request++)
            {
                var started = Stopwatch.GetTimestamp();
                using var answer = await http.GetAsync(new Uri("health", UriKind.Relative), cancellation);
                slowest[asker] = Math.Max(slowest[asker], Stopwatch.GetTimestamp() - started);
                Assert.Equal(expected, answer.StatusCode);
            }
        });
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{state}: the slowest of {Requests} answers took "
            + $"{Stopwatch.GetElapsedTime(0, slowest.Max()).TotalMilliseconds:0.0} ms");
    }

    private static async Task<JsonNode> UntilAsync(HttpClient http, string path, Func<JsonNode, bool> isReached)
    {
        JsonNode? report = null;
        await CachedScene.UntilAsync(async () =>
        {
            (_, report) = await GetAsync(http, path);
            return isReached(report);
        });
        return report!;
    }

    private static async Task<(HttpStatusCode Status, JsonNode Report)> GetAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!);
    }

    private static HttpClient Http(FreshetProcess proxy) =>
        new() { BaseAddress = new Uri($"http://127.0.0.1:{proxy.HttpPort}/"), Timeout = TimeSpan.FromSeconds(10) };

    private static string? Status(JsonNode report) => (string?)report["status"];

    private static string? Check(JsonNode report, string name) => (string?)report["checks"]?[name]?["status"];

    private static string Message(JsonNode report, string name) => (string)report["checks"]![name]!["message"]!;
}
