using System.Text;
using System.Text.Json.Nodes;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.State;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Freshet.Server.Http;

/// <summary>
/// The requests that do something to the cache, or look into it deeply: POST with JSON. A web page elsewhere cannot
/// send that type without being asked first, and a page whose name leads here after all sends an Origin. Where other
/// machines can come in, and wherever a token is configured, the token must be shown.
/// </summary>
internal sealed class CacheRoutes(HttpSources sources, bool isLoopback)
{
    public const string Invalidate = "/cache/invalidate", Explain = "/cache/explain";

    private const int LongestName = 1_024;

    private static readonly string[] ExplainKeys = ["database", "user", "query", "searchPath"];

    private static readonly string[] InvalidateKeys =
        ["database", .. Enum.GetValues<InvalidationKind>().Select(CacheRequest.KeyOf)];

    public static bool Has(string path) => path is Invalidate or Explain;

    public async Task<HttpAnswer> AnswerAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (!HttpMethods.IsPost(request.Method))
            return HttpAnswer.Error(StatusCodes.Status405MethodNotAllowed, "wrong method", "use POST");
        if (Refuse(request) is { } refusal)
            return refusal;
        var isInvalidation = request.Path.Value is Invalidate;
        try
        {
            var body = await CacheRequest.ReadAsync(
                request.Body, isInvalidation ? InvalidateKeys : ExplainKeys, cancellation);
            return isInvalidation ? InvalidateBy(body) : await ExplainAsync(body, cancellation);
        }
        catch (BadHttpRequestException exception)
        {
            return HttpAnswer.Error(exception.StatusCode, "the body cannot be read", "at most 64 KB are taken");
        }
    }

    private HttpAnswer? Refuse(HttpRequest request)
    {
        if (sources.Token() is { } token)
        {
            if (!token.Matches(request.Headers.Authorization))
            {
                return HttpAnswer.Error(
                    StatusCodes.Status401Unauthorized,
                    "the token is missing or wrong",
                    "send Authorization: Bearer and the value of httpToken");
            }
        }
        else if (!isLoopback)
        {
            return HttpAnswer.Error(
                StatusCodes.Status403Forbidden,
                "other machines can reach this address, and there is no token",
                "set httpToken or httpTokenFile, or let http be a loopback address");
        }
        else if (request.Headers.ContainsKey(HeaderNames.Origin))
        {
            return HttpAnswer.Error(
                StatusCodes.Status403Forbidden, "web pages may not ask this", "set httpToken and send it");
        }
        return MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            ? null
            : HttpAnswer.Error(
                StatusCodes.Status415UnsupportedMediaType,
                "the body has another type than JSON",
                "send Content-Type: application/json");
    }

    private HttpAnswer InvalidateBy(CacheRequest body)
    {
        var what = body.Problem is null ? body.ReadInvalidation() : null;
        if (what is null || what.Name.Length > LongestName)
            return Bad(body.Problem ?? $"the name is longer than {LongestName} characters", InvalidateKeys);
        if (Find(body, out var problem) is not { } database)
            return problem;
        if (what.Kind == InvalidationKind.Table && database.Catalog is null)
        {
            return HttpAnswer.Error(
                StatusCodes.Status409Conflict, "the database's definitions have not been read yet", "try again");
        }
        if (database.Invalidator.Run(what, out var statements) is { } wrong)
            return HttpAnswer.Error(StatusCodes.Status400BadRequest, wrong, "nothing was invalidated");
        return HttpAnswer.Of(
            new JsonObject
            {
                ["database"] = database.Name,
                ["invalidated"] = what.ToString(),
                ["statements"] = statements,
            });
    }

    private async Task<HttpAnswer> ExplainAsync(CacheRequest body, CancellationToken cancellation)
    {
        if (body.Problem is not null || body.Text("query") is not { } query)
            return Bad(body.Problem ?? "there is no query", ExplainKeys);
        if (Find(body, out var problem) is not { } database)
            return problem;
        // Settings are kept byte for byte, as Latin-1 text.
        var settings = body.Text("searchPath") is { } path
            ? SettingsSet.Empty.With("search_path", Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(path)))
            : SettingsSet.Empty;
        var explanation = await database.Explainer.ExplainAsync(
            body.Text("user") ?? "", settings, Encoding.UTF8.GetBytes(query), cancellation);
        return HttpAnswer.Of(CacheJson.Of(explanation));
    }

    /// <summary>The database that the body names; without a name the only one.</summary>
    private DatabaseCache? Find(CacheRequest body, out HttpAnswer problem)
    {
        DatabaseCache[] all = [.. sources.Databases()];
        var name = body.Text("database");
        var found = all
            .Where(database => name is null || string.Equals(database.Name, name, StringComparison.Ordinal)
                || string.Equals($"{database.Target}/{database.Name}", name, StringComparison.Ordinal))
            .ToArray();
        problem = default;
        if (found.Length == 1)
            return found[0];
        var known = string.Join(", ", all.Select(database => $"{database.Target}/{database.Name}").Take(25));
        problem = found.Length > 1
            ? HttpAnswer.Error(
                StatusCodes.Status409Conflict, "more than one database is meant", $"name one as of {known}")
            : HttpAnswer.Error(
                StatusCodes.Status404NotFound,
                name is null ? "no database is cached yet" : "no such database is cached",
                known.Length == 0
                    ? "a database is known from its first client on, unless its cache.mode is off"
                    : $"there are {known}");
        return null;
    }

    private static HttpAnswer Bad(string problem, string[] keys) =>
        HttpAnswer.Error(StatusCodes.Status400BadRequest, problem, $"the keys are {string.Join(", ", keys)}");
}
