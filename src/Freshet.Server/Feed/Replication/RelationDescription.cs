using System.Collections.Immutable;
using Freshet.Core.Consistency;

namespace Freshet.Server.Feed.Replication;

/// <summary>A table as pgoutput's Relation message describes it: its published columns only.</summary>
/// <param name="Id">Its oid.</param>
/// <param name="Schema">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Identity"><c>pg_class.relreplident</c>: d, n, f or i.</param>
/// <param name="Columns">In their order in the rows.</param>
internal sealed record RelationDescription(
    RelationId Id, string Schema, string Name, char Identity, ImmutableArray<RelationColumn> Columns)
{
    /// <summary>The only column of the primary key, or -1: the key has several columns, or the identity is another one
    /// than the primary key, so that its values say nothing about a key that a statement asks for.</summary>
    public int KeyColumn { get; } = SingleKey(Identity, Columns);

    /// <summary>Nothing that a result could depend on differs.</summary>
    public bool IsLike(RelationDescription other) =>
        Id == other.Id
        && Identity == other.Identity
        && string.Equals(Schema, other.Schema, StringComparison.Ordinal)
        && string.Equals(Name, other.Name, StringComparison.Ordinal)
        && Columns.SequenceEqual(other.Columns);

    private static int SingleKey(char identity, ImmutableArray<RelationColumn> columns)
    {
        int found = -1;
        for (int i = 0; i < columns.Length; i++)
        {
            if (columns[i].IsKey)
            {
                if (found >= 0)
                {
                    return -1;
                }

                found = i;
            }
        }

        return identity == 'd' ? found : -1;
    }
}

/// <param name="Name">Its name.</param>
/// <param name="TypeOid">Its type.</param>
/// <param name="TypeModifier"><c>atttypmod</c>.</param>
/// <param name="IsKey">Part of the replica identity.</param>
internal readonly record struct RelationColumn(string Name, uint TypeOid, int TypeModifier, bool IsKey);
