using System.Net;
using System.Text.Json;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Cli;

/// <summary>Health and metrics of a running proxy, and that none of its words holds a secret.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class HttpTests(TestServers servers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_running_proxy_is_alive_and_ready()
    {
        await using var proxy = await FreshetProcess.StartAsync(new ProxyOptions(servers.Wire), Cancellation);
        var (status, body) = await GetAsync(proxy, "livez");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("alive", JsonDocument.Parse(body).RootElement.GetProperty("status").GetString());

        (status, body) = await GetAsync(proxy, "readyz?verbose");
        Assert.Equal(HttpStatusCode.OK, status);
        var ready = JsonDocument.Parse(body).RootElement;
        Assert.Equal("ready", ready.GetProperty("status").GetString());
        Assert.All(ready.GetProperty("checks").EnumerateArray(), check =>
            Assert.True(check.GetProperty("passed").GetBoolean()));

        (status, body) = await GetAsync(proxy, "else");
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Contains("/metrics", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_count_what_happened()
    {
        await using var proxy = await FreshetProcess.StartAsync(
            new ProxyOptions(servers.Wire) { PoolSize = 3 }, Cancellation);
        using var client = WireClient.Connect("127.0.0.1", proxy.Port).Login("wire", "wire");
        for (var number = 0; number < 7; number++)
        {
            client.Query("select 1");
        }

        client.Query("select no_such_column");
        client.Query("listen news");
        client.Batch(Frontend.Parse("p", "select 2"), Frontend.Bind("", "p"), Frontend.Execute());
        client.Query("begin");
        var metrics = await proxy.ReadMetricsAsync(Cancellation);
        const string labels = "{database=\"wire\",pool=\"wire@wire\"}";
        Assert.Equal(10, metrics[$"freshet_transactions_total{labels}"]);
        Assert.Equal(11, metrics[$"freshet_queries_total{labels}"]);
        Assert.Equal(1, metrics[$"freshet_errors_total{labels}"]);
        Assert.Equal(1, metrics[$"freshet_client_parses_total{labels}"]);
        Assert.Equal(1, metrics[$"freshet_binds_total{labels}"]);
        Assert.Equal(1, metrics["freshet_pool_clients{pool=\"wire@wire\",state=\"active\"}"]);
        Assert.Equal(1, metrics["freshet_pool_servers{pool=\"wire@wire\",state=\"active\"}"]);
        Assert.Equal(3, metrics["freshet_pool_max_servers{pool=\"wire@wire\"}"]);
        Assert.Equal(1, metrics["freshet_pool_pinned_sessions{pool=\"wire@wire\",reason=\"listen\"}"]);
        Assert.Equal(1, metrics["freshet_clients"]);
        Assert.Equal(0, metrics["freshet_broken_invariants_total"]);
        Assert.Equal(0, metrics["freshet_draining"]);
    }

    [Fact]
    public async Task No_secret_is_ever_written()
    {
        const string secret = "Tr0ub4dor-ocean-7391";
        var server = servers.App with { Password = secret };
        await using var proxy = await FreshetProcess.StartAsync(
            new ProxyOptions(server) { Auth = "password", Arguments = ["--log-level", "debug"] }, Cancellation);
        foreach (var password in (string[])[secret, "Tr0ub4dor-wrong-0000"])
        {
            using var client = WireClient.Connect("127.0.0.1", proxy.Port);
            client.Send(
                Frontend.StartupMessage(Frontend.Version30, ("user", "app"), ("database", "app")),
                Frontend.PasswordMessage(password));
            // The right one comes in, and the proxy then finds its own secret refused by the server.
            Assert.Equal("28P01", client.ReadUntilClosed()?.Field('C'));
            Assert.DoesNotContain(client.Received, message => message.ToString().Contains("Tr0ub4dor"));
        }

        proxy.Reload();
        await proxy.WaitForLineAsync("reloaded", Cancellation);
        var (_, metrics) = await GetAsync(proxy, "metrics");
        var (_, ready) = await GetAsync(proxy, "readyz?verbose");
        Assert.Equal(0, await proxy.StopAsync(Cancellation));
        Assert.Contains("login failed", proxy.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Tr0ub4dor", $"{proxy.Output}{metrics}{ready}", StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, string Body)> GetAsync(FreshetProcess proxy, string path)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{proxy.HttpPort}/{path}"), Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }
}
