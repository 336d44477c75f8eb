using System.Collections.Immutable;

namespace Freshet.Core.Sql.Analysis;

/// <summary>A statement that by its tokens is one SELECT from named relations, whose rows must all meet some
/// equalities.
/// </summary>
/// <param name="Sources">What stands in FROM.</param>
/// <param name="Equalities">The conjuncts of its WHERE of the form <c>column = value</c>.</param>
/// <param name="Parameters">The number of each parameter that stands in the text, as often as it does.</param>
internal sealed record PointShape(
    ImmutableArray<PointSource> Sources, ImmutableArray<PointEquality> Equalities, ImmutableArray<int> Parameters)
{
    public int UsesOf(int parameter) => Parameters.Count(number => number == parameter);

    /// <summary>The equalities that concern a source: qualified by its name, or without qualifier where there is no
    /// other source.</summary>
    public IEnumerable<PointEquality> EqualitiesOf(PointSource source) =>
        Equalities.Where(equality => equality.Qualifier is { } qualifier
            ? string.Equals(qualifier, source.Alias, StringComparison.Ordinal)
            : Sources.Length == 1);
}

/// <summary>One relation in FROM.</summary>
/// <param name="Relation">Its name.</param>
/// <param name="Alias">The name by which the statement speaks of it.</param>
internal sealed record PointSource(SqlName Relation, string Alias);

/// <param name="Qualifier">What stands before the column and a dot; null: nothing.</param>
/// <param name="Column">The column's name.</param>
/// <param name="Parameter">The parameter's number; 0: a constant.</param>
/// <param name="Constant">The constant's text, as the text format of its type would have it.</param>
internal sealed record PointEquality(string? Qualifier, string Column, int Parameter, byte[] Constant);
