using System.Text.Json;
using Freshet.Server.Proxy.Caching;

namespace Freshet.Server.Http;

/// <summary>The body of a POST: a flat JSON object of known keys, or what is wrong with it.</summary>
internal sealed class CacheRequest
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);
    private bool _all;

    /// <summary>Null: nothing is wrong.</summary>
    public string? Problem { get; private set; }

    public string? Text(string key) => _texts.GetValueOrDefault(key);

    /// <param name="body">The body.</param>
    /// <param name="keys">Those that hold texts; <c>all</c> may only be true.</param>
    /// <param name="cancellation">The client's going away.</param>
    public static async Task<CacheRequest> ReadAsync(
        Stream body, IReadOnlyCollection<string> keys, CancellationToken cancellation)
    {
        var request = new CacheRequest();
        try
        {
            using var document = await JsonDocument.ParseAsync(body, Options, cancellation);
            request.Problem = request.Read(document.RootElement, keys);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            request.Problem = "the body is no JSON that can be read";
        }
        return request;
    }

    /// <summary>What is to be invalidated; null after a problem.</summary>
    public Invalidation? ReadInvalidation()
    {
        var named = Enum.GetValues<InvalidationKind>()
            .Where(kind => kind == InvalidationKind.All ? _all : _texts.ContainsKey(KeyOf(kind)))
            .ToArray();
        if (named.Length == 1)
            return new(named[0], named[0] == InvalidationKind.All ? "" : _texts[KeyOf(named[0])]);
        Problem ??= $"{(named.Length == 0 ? "none" : "more than one")} of tag, table, profile, key, fingerprint, "
            + "all: true is given";
        return null;
    }

    public static string KeyOf(InvalidationKind kind) => kind.ToString().ToLowerInvariant();

    private string? Read(JsonElement root, IReadOnlyCollection<string> keys)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return "the body is no JSON object";
        foreach (var member in root.EnumerateObject())
        {
            if (!keys.Contains(member.Name, StringComparer.Ordinal))
                return $"there is no key \"{Shorten(member.Name)}\"";
            if (member.NameEquals(KeyOf(InvalidationKind.All)))
            {
                if (member.Value.ValueKind != JsonValueKind.True)
                    return "all can only be true";
                _all = true;
            }
            else if (member.Value.ValueKind == JsonValueKind.String)
                _texts.Add(member.Name, member.Value.GetString()!);
            else
                return $"{member.Name} is no text";
        }
        return null;
    }

    private static string Shorten(string name) => name.Length <= 100 ? name : name[..100] + "…";
}
