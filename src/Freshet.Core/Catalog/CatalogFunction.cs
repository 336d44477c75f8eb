namespace Freshet.Core.Catalog;

/// <summary>One row of <c>pg_proc</c>.</summary>
/// <param name="Schema">Its schema.</param>
/// <param name="Name">Its name.</param>
/// <param name="Volatility"><c>provolatile</c>: i, s or v.</param>
/// <param name="Kind"><c>prokind</c>: f function, a aggregate, w window function, p procedure.</param>
/// <param name="Language">internal, c, sql, plpgsql, …</param>
/// <param name="IsBuiltIn">It came with the server.</param>
/// <param name="TakesOneArgument">It could be called as <c>row.function</c>.</param>
internal sealed record CatalogFunction(
    string Schema, string Name, char Volatility, char Kind, string Language, bool IsBuiltIn, bool TakesOneArgument)
{
    /// <summary>Its code is compiled, so that what it declares of itself is what its author measured; functions in SQL
    /// and procedural languages are declared IMMUTABLE to be used in indexes, whatever they read.</summary>
    public bool IsCompiled => Language is "internal" or "c";
}
