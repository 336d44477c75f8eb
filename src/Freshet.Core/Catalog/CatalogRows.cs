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

    /// <summary>The function of an implicit cast of that kind; null: there is none.</summary>
    public string? DoubtfulImplicitCast { get; init; }
}
