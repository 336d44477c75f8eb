namespace Freshet.Core.Sql.Analysis;

/// <summary>Of one table only the rows of one key matter to the statement's result.</summary>
/// <param name="Relation">The table's oid.</param>
/// <param name="KeyType">Oid of the key column's type.</param>
/// <param name="Parameter">The number of the parameter that gives the key; 0: <paramref name="ConstantHash"/> is the
/// hash of a constant's.</param>
/// <param name="ConstantHash">By <see cref="KeyHash"/>.</param>
internal sealed record PointKey(uint Relation, uint KeyType, int Parameter, ulong ConstantHash);
