using System.Text;

namespace Freshet.Core.Catalog;

/// <summary>The schemas in which a statement's words are looked up: a superset of the search path's.</summary>
internal sealed class SearchedSchemas
{
    private const string InformationSchema = "information_schema";

    private readonly HashSet<string>? _names;

    private SearchedSchemas(HashSet<string>? names, bool hasInformationSchema)
    {
        _names = names;
        HasInformationSchema = hasInformationSchema;
    }

    /// <summary>All but information_schema: for the definitions of views, which name it if they use it.</summary>
    public static SearchedSchemas All { get; } = new(null, false);

    /// <summary>Its many tables with common names are looked at only where a path leads there.</summary>
    public bool HasInformationSchema { get; }

    public bool Contains(string schema) => _names is null || _names.Contains(schema);

    /// <param name="path">A search_path that a session has set; null: it has the default one, which may be anything.
    /// </param>
    /// <param name="defaultHasInformationSchema">Whether that leads to information_schema.</param>
    public static SearchedSchemas Parse(string? path, bool defaultHasInformationSchema)
    {
        if (path is null)
        {
            return new SearchedSchemas(null, defaultHasInformationSchema);
        }

        bool information = path.Contains(InformationSchema, StringComparison.OrdinalIgnoreCase);
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (string part in path.Split(',', StringSplitOptions.TrimEntries))
        {
            bool quoted = part.Length >= 2 && part[0] == '"' && part[^1] == '"';
            string name = quoted ? part[1..^1] : part.ToLowerInvariant();
            // $user, a quote or comma inside quotes, letters that the server folds otherwise, a name that it cuts
            if (name.AsSpan().ContainsAny('"', '$') || !Ascii.IsValid(name) || name.Length > 63)
            {
                return new SearchedSchemas(null, information);
            }

            names.Add(name);
        }

        return new SearchedSchemas(names, information);
    }
}
