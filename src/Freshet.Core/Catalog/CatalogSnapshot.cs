using System.Collections.Frozen;
using Freshet.Core.Sql.Analysis;

namespace Freshet.Core.Catalog;

/// <summary>
/// The definitions of one database at one schema version, looked up by name. Immutable. A statement can name a relation
/// or function only by a word, so the words of its text, looked up here, are a superset of what it uses.
/// </summary>
internal sealed class CatalogSnapshot
{
    private readonly FrozenDictionary<string, CatalogRelation[]> _relations;
    private readonly FrozenDictionary<string, CatalogFunction[]> _functions;
    private readonly FrozenDictionary<uint, uint[]> _children;
    private readonly FrozenDictionary<uint, CatalogRelation> _byOid;
    private readonly FrozenSet<string> _schemas;
    private readonly FrozenSet<string> _doubtfulTypes;

    /// <param name="rows">As read in one snapshot.</param>
    /// <param name="schemaVersion"><see cref="Consistency.Freshness.SchemaVersion"/> before they were read.</param>
    /// <param name="trustedFunctions">Names, with or without schema, of user-defined functions whose results depend on
    /// their arguments only.</param>
    public CatalogSnapshot(CatalogRows rows, long schemaVersion, IEnumerable<string> trustedFunctions)
    {
        SchemaVersion = schemaVersion;
        TrustedFunctions = trustedFunctions.ToFrozenSet(StringComparer.Ordinal);
        _relations = Group(rows.Relations, relation => relation.Name);
        _functions = Group(rows.Functions, function => function.Name);
        _byOid = rows.Relations.ToFrozenDictionary(relation => relation.Oid);
        _children = rows.Inheritance.GroupBy(pair => pair.Parent)
            .ToFrozenDictionary(group => group.Key, group => group.Select(pair => pair.Child).ToArray());
        Parents = rows.Inheritance.Select(pair => pair.Child).ToFrozenSet();
        _schemas = rows.Relations.Select(relation => relation.Schema).ToFrozenSet(StringComparer.Ordinal);
        _doubtfulTypes = rows.DoubtfulTypes.ToFrozenSet(StringComparer.Ordinal);
        DoubtfulOperators = [.. rows.DoubtfulOperators.Distinct(StringComparer.Ordinal)];
        DoubtfulImplicitCast = rows.DoubtfulImplicitCast;
    }

    public long SchemaVersion { get; }

    public FrozenSet<string> TrustedFunctions { get; }

    /// <summary>See <see cref="CatalogRows.DoubtfulOperators"/>.</summary>
    public string[] DoubtfulOperators { get; }

    public string? DoubtfulImplicitCast { get; }

    /// <summary>Relations that are a part of another one.</summary>
    public FrozenSet<uint> Parents { get; }

    public IEnumerable<CatalogRelation> Relations => _byOid.Values;

    /// <summary>Whether and how a statement's results may be cached.</summary>
    /// <param name="facts">What its text says.</param>
    /// <param name="searchPath">The session's search_path if it has set one; null: names are looked for in all schemas.
    /// </param>
    public StatementVerdict Judge(StatementFacts facts, string? searchPath) =>
        facts.Refusal != RefusalReason.None
            ? StatementVerdict.Refuse(facts.Refusal, facts.Detail)
            : new StatementJudge(this, SchemasOf(searchPath)).Judge(facts);

    /// <summary>The relations that a word could name.</summary>
    /// <param name="name">The word.</param>
    /// <param name="path">The schemas of the search path; null: all.</param>
    internal IEnumerable<CatalogRelation> FindRelations(in SqlName name, IReadOnlySet<string>? path)
    {
        if (!_relations.TryGetValue(name.Name, out CatalogRelation[]? found))
        {
            return [];
        }

        // Behind "schema." only that schema's; "table.column" and the like may be anything.
        string? schema = name.Qualifier is { } qualifier && _schemas.Contains(qualifier) ? qualifier : null;
        return found.Where(relation => relation.Schema switch
        {
            "information_schema" => false, // the word itself is refused, and no path leads there unsaid
            "pg_catalog" => true,
            _ => schema is not null
                ? string.Equals(relation.Schema, schema, StringComparison.Ordinal)
                : path is null || path.Contains(relation.Schema),
        });
    }

    internal CatalogFunction[] FindFunctions(string name) => _functions.GetValueOrDefault(name) ?? [];

    internal uint[] ChildrenOf(uint relation) => _children.GetValueOrDefault(relation) ?? [];

    internal CatalogRelation? Find(uint oid) => _byOid.GetValueOrDefault(oid);

    internal bool IsDoubtfulType(string name) => _doubtfulTypes.Contains(name);

    /// <summary>The schemas that a search path names; null when it is not of plain names.</summary>
    private static HashSet<string>? SchemasOf(string? searchPath)
    {
        if (searchPath is null)
        {
            return null;
        }

        var schemas = new HashSet<string>(StringComparer.Ordinal);
        foreach (string part in searchPath.Split(',', StringSplitOptions.TrimEntries))
        {
            bool quoted = part.Length >= 2 && part[0] == '"' && part[^1] == '"';
            string name = quoted ? part[1..^1] : part.ToLowerInvariant();
            if (name.Contains('"', StringComparison.Ordinal) || name.Contains('$', StringComparison.Ordinal))
            {
                return null;
            }

            schemas.Add(name);
        }

        return schemas;
    }

    private static FrozenDictionary<string, T[]> Group<T>(IEnumerable<T> rows, Func<T, string> name) =>
        rows.GroupBy(name, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
}
