namespace Freshet.Core.Catalog;

/// <summary>What was read of a database's catalogues at one moment: the input of
/// <see cref="CatalogSnapshot"/>.</summary>
internal sealed record CatalogRows
{
    public IReadOnlyList<CatalogRelation> Relations { get; init; } = [];

    public IReadOnlyList<CatalogFunction> Functions { get; init; } = [];

    /// <summary>Parent and child of inheritance and partitioning.</summary>
    public IReadOnlyList<(uint Parent, uint Child)> Inheritance { get; init; } = [];

    /// <summary>Symbols of operators whose functions are user-defined and not compiled IMMUTABLE ones.</summary>
    public IReadOnlyList<string> DoubtfulOperators { get; init; } = [];

    /// <summary>Names of types that take part in casts by such functions, or whose own functions are such.</summary>
    public IReadOnlyList<string> DoubtfulTypes { get; init; } = [];

    /// <summary>Names of user-defined types whose input may read a date: domains over dates, arrays of these, ranges
    /// and rows that hold one.</summary>
    public IReadOnlyList<string> DateTypes { get; init; } = [];

    /// <summary>A user-defined function that a statement may call without any sign of it, by an implicit cast or an
    /// operator class, and what calls it; null: there is none.</summary>
    public string? DoubtfulEverywhere { get; init; }

    /// <summary>A session that sets no search_path may look names up in information_schema.</summary>
    public bool DefaultPathHasInformationSchema { get; init; }
}
