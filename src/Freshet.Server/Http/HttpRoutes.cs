using Freshet.Server.Health;
using Microsoft.AspNetCore.Http;

namespace Freshet.Server.Http;

/// <summary>Finds the answer to a request. What only reads is GET or HEAD and open to everybody who can connect; the
/// rest is <see cref="CacheRoutes"/>'.</summary>
internal sealed class HttpRoutes(HttpSources sources, bool isLoopback = true)
{
    private readonly CacheRoutes _cache = new(sources, isLoopback);

    public async Task HandleAsync(HttpContext context)
    {
        var request = context.Request;
        var path = request.Path.Value ?? "/";
        var (status, type, body) = CacheRoutes.Has(path) ? await _cache.AnswerAsync(request, context.RequestAborted)
            : IsHealth(path) && IsSet(request.Query["full"])
                ? await FullHealthAsync(request.Method, context.RequestAborted)
            : Answer(request.Method, path, request.Query.ContainsKey("verbose"));
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = type;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (status == StatusCodes.Status405MethodNotAllowed)
            response.Headers.Allow = CacheRoutes.Has(path) ? "POST" : "GET, HEAD";
        if (status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        if (!HttpMethods.IsHead(request.Method))
            await response.WriteAsync(body, context.RequestAborted);
    }

    public HttpAnswer Answer(string method, string path, bool verbose)
    {
        Func<HttpAnswer>? route = path switch
        {
            // /alive is the name that .NET Aspire asks for.
            "/livez" or "/alive" =>
                () => new(StatusCodes.Status200OK, HttpAnswer.JsonType, """{"status":"alive"}"""),
            "/readyz" => () => Ready(verbose),
            _ when IsHealth(path) => () => Of(sources.Health?.Latest),
            "/metrics" => Metrics,
            "/cache" => () => HttpAnswer.Of(CacheJson.Of(sources.Statistics(), sources.Feeds())),
            _ => null,
        };
        if (route is null)
        {
            return HttpAnswer.Error(
                StatusCodes.Status404NotFound,
                "no such path",
                "there are /livez, /readyz, /health, /metrics, /cache, "
                    + $"{CacheRoutes.Invalidate} and {CacheRoutes.Explain}"
            );
        }
        return Reads(method) ? route() : WrongMethod;
    }

    private static HttpAnswer WrongMethod =>
        HttpAnswer.Error(StatusCodes.Status405MethodNotAllowed, "wrong method", "use GET");

    private static bool Reads(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method);

    private static bool IsHealth(string path) => path is "/health" or "/api/health";

    private static bool IsSet(string? value) => value is not null and not ("false" or "0");

    private async Task<HttpAnswer> FullHealthAsync(string method, CancellationToken cancellation) =>
        !Reads(method) ? WrongMethod
        : Of(sources.Health is { } monitor ? await monitor.CheckAsync(cancellation) : null);

    /// <summary>Degraded is 200, as with ASP.NET Core: clients are served.</summary>
    private static HttpAnswer Of(HealthReport? report) => report is null
        ? HttpAnswer.Error(StatusCodes.Status503ServiceUnavailable, "not started", "ask again in a second")
        : new(
            report.Status == HealthStatus.Unhealthy
                ? StatusCodes.Status503ServiceUnavailable
                : StatusCodes.Status200OK,
            HttpAnswer.JsonType,
            report.ToJson().ToJsonString());

    private HttpAnswer Ready(bool verbose)
    {
        var report = ReadinessReport.Make(sources.Readiness(), sources.Statistics(), sources.Feeds());
        var status = report.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return new(status, HttpAnswer.JsonType, report.ToJson(verbose).ToJsonString());
    }

    private HttpAnswer Metrics()
    {
        var writer = new ExpositionWriter();
        if (sources.Statistics() is { } statistics)
        {
            ProxyMetrics.Write(writer, statistics);
            CacheMetrics.Write(writer, statistics, sources.Feeds());
        }
        if (sources.Health?.Latest is { } report)
            HealthMetricsPage.Write(writer, report);
        ProcessMetrics.Write(writer, sources.DroppedLogLines());
        return new(StatusCodes.Status200OK, ExpositionWriter.ContentType, writer.ToString());
    }
}
