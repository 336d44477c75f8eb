using System.Collections.Immutable;
using Freshet.Core.Consistency;

namespace Freshet.Server.Feed.Publications;

/// <summary>
/// What is to be done to a publication, and which tables it then follows. A table is never published whose UPDATE or
/// DELETE would fail by that, and nobody's table is ever altered. Two feeds draw the same plan from the same facts.
/// </summary>
/// <param name="Additions">Tables to add.</param>
/// <param name="Removals">Tables to take out: their UPDATE and DELETE fail as long as they are in.</param>
/// <param name="Tracked">Tables whose every commit is streamed, once the plan is carried out.</param>
/// <param name="Untracked">All others, with the reason.</param>
internal sealed record PublicationPlan(
    ImmutableArray<TableFacts> Additions,
    ImmutableArray<TableFacts> Removals,
    ImmutableArray<TrackedTable> Tracked,
    ImmutableArray<UntrackedTable> Untracked)
{
    /// <param name="publication">As it is, or as it will be created.</param>
    /// <param name="tables">All tables.</param>
    /// <param name="manages">The publication is ours to alter.</param>
    public static PublicationPlan Draw(PublicationFacts publication, IEnumerable<TableFacts> tables, bool manages)
    {
        bool alters = manages && publication is { IsOwned: true, IsForAllTables: false };
        var additions = ImmutableArray.CreateBuilder<TableFacts>();
        var removals = ImmutableArray.CreateBuilder<TableFacts>();
        var tracked = ImmutableArray.CreateBuilder<TrackedTable>();
        var untracked = ImmutableArray.CreateBuilder<UntrackedTable>();
        foreach (TableFacts table in tables)
        {
            bool adds = alters && ShallAdd(table);
            bool removes = alters && ShallRemove(table);
            if (adds)
            {
                additions.Add(table);
            }

            if (removes)
            {
                removals.Add(table);
            }

            if (ReasonAgainst(publication, table, adds, removes) is { } reason)
            {
                untracked.Add(new UntrackedTable(table.Id, table.QuotedName, reason));
            }
            else
            {
                tracked.Add(new TrackedTable(table.Id, table.Published?.Membership ?? 0));
            }
        }

        return new PublicationPlan(
            additions.ToImmutable(), removals.ToImmutable(), tracked.ToImmutable(), untracked.ToImmutable());
    }

    /// <summary>The column list that a table is published with: the identity's columns, so that the stream stays thin
    /// whatever the row's width. Empty: all columns, which REPLICA IDENTITY FULL asks for.</summary>
    public static ImmutableArray<string> ColumnList(TableFacts table) =>
        table.Identity == 'f' ? [] : table.IdentityColumns;

    private static bool ShallAdd(TableFacts table) =>
        table is { Kind: 'r', Persistence: 'p', HasUsableIdentity: true, IsOwned: true }
        && (table.Published is null || BreaksWrites(table));

    // A table with a list that is to have another one is taken out and added again.
    private static bool ShallRemove(TableFacts table) =>
        table is { Published: not null, IsOwned: true } && BreaksWrites(table);

    /// <summary>As it is published, UPDATE and DELETE on it fail.</summary>
    private static bool BreaksWrites(TableFacts table)
    {
        if (table.Published is not { } published || table.Kind != 'r')
        {
            return false;
        }

        if (!table.HasUsableIdentity)
        {
            return true;
        }

        return !published.Columns.IsEmpty
            && (table.Identity == 'f' || table.IdentityColumns.Except(published.Columns, StringComparer.Ordinal).Any());
    }

    private static string? ReasonAgainst(PublicationFacts publication, TableFacts table, bool adds, bool removes)
    {
        if (table.Kind != 'r')
        {
            return table.Kind switch
            {
                // It has no rows of its own; its partitions are followed by themselves.
                'p' => null,
                'm' => "a materialized view: REFRESH is not streamed",
                'f' => "a foreign table: its changes happen elsewhere",
                _ => "not a table",
            };
        }

        if (table.Persistence != 'p')
        {
            return "unlogged: its changes are not in the log";
        }

        if (table.Published is null || removes)
        {
            return adds ? Limits(publication, table) : WhyNotAdded(publication, table);
        }

        return table.Published.HasRowFilter
            ? "published with a row filter: changes of some rows are not streamed"
            : Limits(publication, table);
    }

    private static string? Limits(PublicationFacts publication, TableFacts table)
    {
        if (!publication.PublishesAll)
        {
            return "the publication leaves out some of insert, update, delete, truncate";
        }

        return publication.ViaRoot && table.IsPartition
            ? "the publication tells a partition's changes as its root's (publish_via_partition_root)"
            : null;
    }

    private static string WhyNotAdded(PublicationFacts publication, TableFacts table)
    {
        if (!table.HasUsableIdentity)
        {
            return table.Identity switch
            {
                'n' => "REPLICA IDENTITY NOTHING: publishing it would make its UPDATE and DELETE fail",
                'i' => "the index of its replica identity is gone: publishing it would make its UPDATE and DELETE fail",
                _ => "no usable primary key: publishing it would make its UPDATE and DELETE fail",
            };
        }

        return !table.IsOwned
            ? $"owned by {table.Owner}: its owner can add it to the publication"
            : publication.IsOwned
                ? "not in the publication"
                : "not in the publication, which this role may not alter";
    }
}

/// <param name="Id">Which.</param>
/// <param name="Membership">Since when it is published: another value after it was taken out and put in again, between
/// which its commits were not streamed.</param>
internal readonly record struct TrackedTable(RelationId Id, long Membership);

/// <param name="Id">Which.</param>
/// <param name="Name">Its name, quoted as SQL needs it.</param>
/// <param name="Reason">Why its commits cannot be followed.</param>
internal sealed record UntrackedTable(RelationId Id, string Name, string Reason);
