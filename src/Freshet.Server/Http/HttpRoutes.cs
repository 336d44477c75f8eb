using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Freshet.Server.Http;

/// <summary>Finds the answer to a request. Everything here is read-only, so only GET and HEAD are allowed.</summary>
internal sealed class HttpRoutes(HttpSources sources)
{
    private const string JsonType = "application/json; charset=utf-8";

    public Task HandleAsync(HttpContext context)
    {
        var (status, type, body) = Answer(
            context.Request.Method,
            context.Request.Path.Value ?? "/",
            context.Request.Query.ContainsKey("verbose")
        );
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = type;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (status == StatusCodes.Status405MethodNotAllowed)
            response.Headers.Allow = "GET, HEAD";
        return HttpMethods.IsHead(context.Request.Method)
            ? Task.CompletedTask
            : response.WriteAsync(body, context.RequestAborted);
    }

    public (int Status, string Type, string Body) Answer(string method, string path, bool verbose)
    {
        Func<(int, string, string)>? route = path switch
        {
            // /alive and /health are the names that .NET Aspire asks for.
            "/livez" or "/alive" => () => (StatusCodes.Status200OK, JsonType, """{"status":"alive"}"""),
            "/readyz" or "/health" => () => Ready(verbose),
            "/metrics" => Metrics,
            _ => null,
        };
        if (route is null)
        {
            return Error(
                StatusCodes.Status404NotFound,
                "no such path",
                "there are /livez, /readyz and /metrics"
            );
        }
        if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method))
            return Error(StatusCodes.Status405MethodNotAllowed, "wrong method", "use GET");
        return route();
    }

    private (int Status, string Type, string Body) Ready(bool verbose)
    {
        var report = ReadinessReport.Make(sources.Readiness(), sources.Statistics(), sources.Feeds());
        var status = report.IsReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return (status, JsonType, report.ToJson(verbose).ToJsonString());
    }

    private (int Status, string Type, string Body) Metrics()
    {
        var writer = new ExpositionWriter();
        if (sources.Statistics() is { } statistics)
        {
            ProxyMetrics.Write(writer, statistics);
            CacheMetrics.Write(writer, statistics, sources.Feeds());
        }
        ProcessMetrics.Write(writer, sources.DroppedLogLines());
        return (StatusCodes.Status200OK, ExpositionWriter.ContentType, writer.ToString());
    }

    private static (int Status, string Type, string Body) Error(int status, string message, string hint)
    {
        var error = new JsonObject { ["status"] = status, ["message"] = message, ["hint"] = hint };
        return (status, JsonType, new JsonObject { ["error"] = error }.ToJsonString());
    }
}
