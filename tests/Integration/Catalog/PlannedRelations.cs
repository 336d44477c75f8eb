using System.Text.Json;

namespace Freshet.Tests.Integration.Catalog;

/// <summary>The relations that a plan reads, from <c>EXPLAIN (VERBOSE, FORMAT JSON)</c>.</summary>
internal static class PlannedRelations
{
    /// <summary>With their schema, but for those in public.</summary>
    public static IEnumerable<string> Find(string plan)
    {
        using var document = JsonDocument.Parse(plan);
        return [.. Find(document.RootElement).Distinct(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Find(JsonElement element)
    {
        if (element.ValueKind is JsonValueKind.Array)
        {
            return element.EnumerateArray().SelectMany(Find);
        }

        if (element.ValueKind is not JsonValueKind.Object)
        {
            return [];
        }

        var inner = element.EnumerateObject().SelectMany(property => Find(property.Value));
        return element.TryGetProperty("Relation Name", out var name)
            ? inner.Append(element.GetProperty("Schema").GetString() is { } schema and not "public"
                ? $"{schema}.{name.GetString()}"
                : name.GetString()!)
            : inner;
    }
}
