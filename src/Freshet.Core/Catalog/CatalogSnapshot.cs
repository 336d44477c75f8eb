using System.Collections.Frozen;
using System.Text;
using Freshet.Core.Sql.Analysis;

namespace Freshet.Core.Catalog;

/// <summary>
/// The definitions of one database at one schema version, looked up by name. Immutable. A statement can name a relation
/// or function only by a word, so the words of its text, looked up here, are a superset of what it uses.
/// </summary>
internal sealed class CatalogSnapshot
{
    /// <summary>Operators that the server uses for ORDER BY, IN, BETWEEN, LIKE and the like.</summary>
    private static readonly FrozenSet<string> UnseenOperators = new[]
    {
        "=", "<>", "<", "<=", ">", ">=", "~~", "!~~", "~~*", "!~~*", "~", "!~",
    }.ToFrozenSet(StringComparer.Ordinal);

    private readonly FrozenDictionary<string, CatalogRelation[]> _relations;
    private readonly FrozenDictionary<string, CatalogFunction[]> _functions;
    private readonly FrozenDictionary<uint, uint[]> _children;
    private readonly FrozenDictionary<uint, CatalogRelation> _byOid;
    private readonly FrozenSet<string> _schemas;
    private readonly FrozenSet<string> _doubtfulTypes;
    private readonly FrozenSet<string> _dateTypes;
    private readonly bool _defaultPathHasInformationSchema;

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
        DoubtfulEverywhere = rows.DoubtfulEverywhere ?? DoubtfulOperators.FirstOrDefault(UnseenOperators.Contains);
        _dateTypes = rows.DateTypes.ToFrozenSet(StringComparer.Ordinal);
        _defaultPathHasInformationSchema = rows.DefaultPathHasInformationSchema;
        HasNamesBeyondAscii = rows.Relations.Any(
            relation => !Ascii.IsValid(relation.Name) || !Ascii.IsValid(relation.Schema))
            || rows.Functions.Any(function => !Ascii.IsValid(function.Name))
            || rows.DateTypes.Concat(rows.DoubtfulTypes).Any(type => !Ascii.IsValid(type));
    }

    public long SchemaVersion { get; }

    public FrozenSet<string> TrustedFunctions { get; }

    /// <summary>See <see cref="CatalogRows.DoubtfulOperators"/>.</summary>
    public string[] DoubtfulOperators { get; }

    /// <summary>See <see cref="CatalogRows.DoubtfulEverywhere"/>.</summary>
    public string? DoubtfulEverywhere { get; }

    /// <summary>Something in it has such a name. A statement's words beyond ASCII cannot be compared with it, as they
    /// are in the client's encoding.</summary>
    public bool HasNamesBeyondAscii { get; }

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
            : new StatementJudge(this, SearchedSchemas.Parse(searchPath, _defaultPathHasInformationSchema))
                .Judge(facts);

    /// <summary>The relations that a word could name.</summary>
    /// <param name="name">The word.</param>
    /// <param name="path">Where words without a schema are looked up.</param>
    internal IEnumerable<CatalogRelation> FindRelations(in SqlName name, SearchedSchemas path)
    {
        // Behind "schema." only that schema's; behind any other word and a dot stands a column.
        if (!_relations.TryGetValue(name.Name, out CatalogRelation[]? found)
            || (name.Qualifier is { } qualifier && !_schemas.Contains(qualifier)))
        {
            return [];
        }

        string? schema = name.Qualifier;
        return found.Where(relation => relation.Schema switch
        {
            "information_schema" => path.HasInformationSchema, // the word itself is refused
            "pg_catalog" => true,
            _ => schema is null
                ? path.Contains(relation.Schema)
                : string.Equals(relation.Schema, schema, StringComparison.Ordinal),
        });
    }

    internal CatalogFunction[] FindFunctions(string name) => _functions.GetValueOrDefault(name) ?? [];

    internal uint[] ChildrenOf(uint relation) => _children.GetValueOrDefault(relation) ?? [];

    internal CatalogRelation? Find(uint oid) => _byOid.GetValueOrDefault(oid);

    internal bool IsDateType(string name) =>
        DateTypes.Contains(name) || _dateTypes.Contains(name) || _dateTypes.Contains(name.TrimStart('_'));

    internal bool IsDoubtfulType(string name) =>
        _doubtfulTypes.Contains(name)
        || (_doubtfulTypes.Count > 0 && StandardTypeNames.Of(name).Any(_doubtfulTypes.Contains));

    private static FrozenDictionary<string, T[]> Group<T>(IEnumerable<T> rows, Func<T, string> name) =>
        rows.GroupBy(name, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
}
