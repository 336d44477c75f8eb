using System.Net;
using System.Text.Json;
using Freshet.Server.Health;
using Freshet.Server.Http;
using Freshet.Server.Proxy.Telemetry;
using Xunit;

namespace Freshet.Tests.Unit.Http;

public sealed class HttpHostTests
{
    private Readiness _readiness = Readiness.Ready;
    private ProxyStatistics? _statistics = MetricsTests.Proxy(MetricsTests.Pool("shop", "app"));

    private HttpSources Sources => new(() => _readiness, () => _statistics, () => 0)
    {
        Health = new HealthMonitor(
            new HealthSources
            {
                Readiness = () => _readiness,
                Statistics = () => _statistics,
                Feeds = () => [],
                Targets = () => [],
                Policy = () => UnhealthyWhenDown.All,
            },
            TimeProvider.System),
    };

    [Theory]
    [InlineData("GET", "/livez", 200)]
    [InlineData("HEAD", "/livez", 200)]
    [InlineData("GET", "/alive", 200)]
    [InlineData("GET", "/readyz", 200)]
    [InlineData("GET", "/health", 200)]
    [InlineData("GET", "/api/health", 200)]
    [InlineData("GET", "/health?full=true", 200)]
    [InlineData("HEAD", "/api/health?full=true", 200)]
    [InlineData("POST", "/health", 405)]
    [InlineData("POST", "/health?full=true", 405)]
    [InlineData("GET", "/metrics", 200)]
    [InlineData("GET", "/cache", 200)]
    [InlineData("POST", "/cache", 405)]
    [InlineData("POST", "/livez", 405)]
    [InlineData("DELETE", "/metrics", 405)]
    [InlineData("GET", "/", 404)]
    [InlineData("POST", "/nowhere", 404)]
    public async Task Paths_and_methods_are_answered_over_http(string method, string path, int status)
    {
        var loopback = new IPEndPoint(IPAddress.Loopback, 0);
        await using var host = await HttpHost.StartAsync(loopback, Sources, CancellationToken.None);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(new HttpMethod(method), $"http://{host.Address}{path}");
        using var response = await client.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();

        Assert.Equal(status, (int)response.StatusCode);
        if (status >= 400)
        {
            var error = JsonDocument.Parse(body).RootElement.GetProperty("error");
            Assert.Equal(status, error.GetProperty("status").GetInt32());
        }
        else if (method is "HEAD")
            Assert.Empty(body);
        else if (path is "/metrics")
            Assert.NotEmpty(Exposition.Parse(body).Samples);
        Assert.Equal(status == 405, response.Content.Headers.Allow.Count == 2);
    }

    [Theory]
    [InlineData("Starting", 503, "the proxy is starting")]
    [InlineData("Draining", 503, "the proxy is draining")]
    [InlineData("Ready", 200, null)]
    public void Ready_follows_the_stage_of_life_and_alive_does_not(string stage, int status, string? reason)
    {
        _readiness = Enum.Parse<Readiness>(stage);
        var routes = new HttpRoutes(Sources);

        var (actual, _, body) = routes.Answer("GET", "/readyz", verbose: true);

        Assert.Equal(status, actual);
        var json = JsonDocument.Parse(body).RootElement;
        Assert.Equal(reason, json.TryGetProperty("reason", out var found) ? found.GetString() : null);
        Assert.Equal(3, json.GetProperty("checks").GetArrayLength());
        Assert.Equal(200, routes.Answer("GET", "/livez", verbose: false).Status);
    }

    [Fact]
    public void Before_the_proxy_has_numbers_it_is_not_ready_and_metrics_still_answer()
    {
        _statistics = null;
        var routes = new HttpRoutes(Sources);

        Assert.Equal(503, routes.Answer("GET", "/readyz", verbose: false).Status);
        var metrics = routes.Answer("GET", "/metrics", verbose: false).Body;
        Assert.Contains("process_resident_memory_bytes{}", Exposition.Parse(metrics).Samples.Keys);
    }
}
