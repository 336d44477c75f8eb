namespace Freshet.Core.Sql.Analysis;

/// <summary>The statement's result depends on the rows of one key of its one table only.</summary>
/// <param name="KeyType">Oid of the key column's type.</param>
/// <param name="Parameter">The number of the parameter that gives the key; 0: <paramref name="ConstantHash"/> is the
/// hash of a constant's.</param>
/// <param name="ConstantHash">By <see cref="KeyHash"/>.</param>
internal sealed record PointKey(uint KeyType, int Parameter, ulong ConstantHash);
