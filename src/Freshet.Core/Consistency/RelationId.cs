namespace Freshet.Core.Consistency;

/// <summary>The oid of a relation (<c>pg_class.oid</c>), unique within its database.</summary>
internal readonly record struct RelationId(uint Value)
{
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
