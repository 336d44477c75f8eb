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
        var (status, type, body) = CacheRoutes.Has(path)
            ? await _cache.AnswerAsync(request, context.RequestAborted)
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
            // /alive and /health are the names that .NET Aspire asks for.
            "/livez" or "/alive" =>
                () => new(StatusCodes.Status200OK, HttpAnswer.JsonType, """{"status":"alive"}"""),
            "/readyz" or "/health" => () => Ready(verbose),
            "/metrics" => Metrics,
            "/cache" => () => HttpAnswer.Of(CacheJson.Of(sources.Statistics(), sources.Feeds())),
            _ => null,
        };
        if (route is null)
        {
            return HttpAnswer.Error(
                StatusCodes.Status404NotFound,
                "no such path",
                $"there are /livez, /readyz, /metrics, /cache, {CacheRoutes.Invalidate} and {CacheRoutes.Explain}"
            );
        }
        if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method))
            return HttpAnswer.Error(StatusCodes.Status405MethodNotAllowed, "wrong method", "use GET");
        return route();
    }

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
        ProcessMetrics.Write(writer, sources.DroppedLogLines());
        return new(StatusCodes.Status200OK, ExpositionWriter.ContentType, writer.ToString());
    }
}
