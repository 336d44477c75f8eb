using System.Collections.Immutable;

namespace Freshet.Core.Sql.Analysis;

/// <summary>A statement that by its tokens reads one relation, and of it only rows that meet all of some equalities.
/// </summary>
/// <param name="Relation">What stands behind FROM.</param>
/// <param name="Equalities">The conjuncts of its WHERE of the form <c>column = value</c>.</param>
internal sealed record PointShape(SqlName Relation, ImmutableArray<PointEquality> Equalities);

/// <param name="Column">The column's name.</param>
/// <param name="Parameter">The parameter's number; 0: a constant.</param>
/// <param name="Constant">The constant's text, as the text format of its type would have it.</param>
internal sealed record PointEquality(string Column, int Parameter, byte[] Constant);
