using System.Collections.Immutable;
using Freshet.Core.Consistency;
using Freshet.Core.Sql;

namespace Freshet.Server.Feed.Publications;

/// <summary>What decides whether a table's commits can be followed.</summary>
internal sealed record TableFacts
{
    public required RelationId Id { get; init; }

    public required string Schema { get; init; }

    public required string Name { get; init; }

    /// <summary><c>pg_class.relkind</c>: r table, p partitioned, f foreign, m materialized view.</summary>
    public required char Kind { get; init; }

    /// <summary><c>pg_class.relpersistence</c>: p permanent, u unlogged.</summary>
    public char Persistence { get; init; } = 'p';

    /// <summary><c>pg_class.relreplident</c>: d primary key, i an index, f the whole row, n nothing.</summary>
    public char Identity { get; init; } = 'd';

    /// <summary>The identity's columns where it is an index that can serve; empty: there is none.</summary>
    public ImmutableArray<string> IdentityColumns { get; init; } = [];

    public bool IsPartition { get; init; }

    /// <summary>The role is the table's owner or acts for it, and so may publish it.</summary>
    public bool IsOwned { get; init; }

    public string Owner { get; init; } = "";

    /// <summary>How it is published; null: not at all.</summary>
    public PublishedTable? Published { get; init; }

    /// <summary>UPDATE and DELETE on the table work when it is published.</summary>
    public bool HasUsableIdentity => Identity == 'f' || !IdentityColumns.IsEmpty;

    public string QuotedName => $"{SqlQuoting.Identifier(Schema)}.{SqlQuoting.Identifier(Name)}";
}

/// <param name="Columns">Those of its column list; empty: no list, all columns.</param>
/// <param name="HasRowFilter">Changes of some rows are not published.</param>
/// <param name="Membership">Another one when it was taken out and put in again.</param>
internal sealed record PublishedTable(ImmutableArray<string> Columns, bool HasRowFilter, long Membership = 0);
