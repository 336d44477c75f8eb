using System.Collections.Immutable;
using Freshet.Core.Consistency;
using Freshet.Server.Feed.Publications;
using Freshet.Server.Feed.Replication;
using Xunit;

namespace Freshet.Tests.Unit.Feed;

public sealed class PublicationPlanTests
{
    private static readonly PublicationFacts Ours = new(
        IsForAllTables: false, PublishesAll: true, ViaRoot: false, IsOwned: true);

    private static readonly TableFacts Plain = new()
    {
        Id = new RelationId(1),
        Schema = "public",
        Name = "player",
        Kind = 'r',
        IdentityColumns = ["id"],
        IsOwned = true,
        Owner = "app",
    };

    private static readonly PublishedTable ByKey = new(["id"], HasRowFilter: false);

    public static TheoryData<string> Cases => [.. Facts.Keys];

    private static readonly Dictionary<string, Case> Facts = new(StringComparer.Ordinal)
    {
        ["a new table is added"] = new(Plain, Ours, "add"),
        ["a published one is left"] = new(Plain with { Published = ByKey }, Ours, "track"),
        ["one of all columns is left"] = new(Plain with { Published = new([], false) }, Ours, "track"),
        ["one with a longer list is left"] = new(Plain with { Published = new(["a", "id"], false) }, Ours, "track"),
        ["a list without the key is mended"] = new(Plain with { Published = new(["a"], false) }, Ours, "remove add"),
        ["a list with a full identity is mended"] = new(
            Plain with { Identity = 'f', Published = ByKey }, Ours, "remove add"),
        ["a full identity is added"] = new(Plain with { Identity = 'f', IdentityColumns = [] }, Ours, "add"),
        ["no identity is not added"] = new(Plain with { IdentityColumns = [] }, Ours, "no usable primary key"),
        ["a lost identity is removed"] = new(
            Plain with { IdentityColumns = [], Published = ByKey }, Ours, "remove no usable primary key"),
        ["nothing as identity"] = new(
            Plain with { Identity = 'n', IdentityColumns = [] }, Ours, "REPLICA IDENTITY NOTHING"),
        ["an unlogged table"] = new(Plain with { Persistence = 'u' }, Ours, "unlogged"),
        ["a foreign table"] = new(Plain with { Kind = 'f' }, Ours, "foreign"),
        ["a materialized view"] = new(Plain with { Kind = 'm' }, Ours, "materialized"),
        ["a partitioned parent has no rows"] = new(Plain with { Kind = 'p', IdentityColumns = [] }, Ours, "track"),
        ["somebody else's table"] = new(Plain with { IsOwned = false }, Ours, "owned by app"),
        ["somebody else's publication"] = new(Plain, Ours with { IsOwned = false }, "may not alter"),
        ["somebody else's publication with it"] = new(
            Plain with { Published = ByKey }, Ours with { IsOwned = false }, "track"),
        ["a row filter"] = new(Plain with { Published = new(["id"], true) }, Ours, "row filter"),
        ["not all operations"] = new(
            Plain with { Published = ByKey }, Ours with { PublishesAll = false }, "leaves out some"),
        ["a partition told as its root"] = new(
            Plain with { Published = ByKey, IsPartition = true }, Ours with { ViaRoot = true }, "as its root's"),
        ["for all tables, nothing is altered"] = new(
            Plain with { IdentityColumns = [], Published = new([], false) },
            Ours with { IsForAllTables = true },
            "track"),
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Each_table_is_added_removed_or_left_and_told(string name)
    {
        var (table, publication, expected) = Facts[name];
        PublicationPlan plan = PublicationPlan.Draw(publication, [table], manages: true);
        Assert.Equal(expected.Contains("add", StringComparison.Ordinal), plan.Additions.Length == 1);
        Assert.Equal(expected.StartsWith("remove", StringComparison.Ordinal), plan.Removals.Length == 1);
        if (expected is "add" or "track" or "remove add")
        {
            Assert.Equal(table.Id, Assert.Single(plan.Tracked).Id);
            Assert.Empty(plan.Untracked);
        }
        else
        {
            Assert.Empty(plan.Tracked);
            string reason = expected.Replace("remove ", "", StringComparison.Ordinal);
            Assert.Contains(reason, Assert.Single(plan.Untracked).Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_publication_that_is_not_to_be_managed_is_left()
    {
        PublicationPlan plan = PublicationPlan.Draw(
            Ours, [Plain, Plain with { IdentityColumns = [], Published = ByKey }], manages: false);
        Assert.Empty(plan.Additions);
        Assert.Empty(plan.Removals);
    }

    [Fact]
    public void Names_are_quoted_and_lists_name_the_identity()
    {
        TableFacts odd = Plain with { Schema = "My \"s\"", IdentityColumns = ["a", "B c"] };
        Assert.Equal(
            "ALTER PUBLICATION \"p\" ADD TABLE ONLY \"My \"\"s\"\"\".\"player\" (\"a\", \"B c\")",
            PublicationSql.Add("p", [odd], usesLists: true));
        Assert.DoesNotContain("B c", PublicationSql.Add("p", [odd], usesLists: false), StringComparison.Ordinal);
        Assert.Equal(
            "ALTER PUBLICATION \"p\" ADD TABLE ONLY \"public\".\"player\"",
            PublicationSql.Add("p", [Plain with { Identity = 'f' }], usesLists: true));
    }

    [Theory]
    [InlineData(130_020, "NOEXPORT_SNAPSHOT", false)]
    [InlineData(140_002, "NOEXPORT_SNAPSHOT", true)]
    [InlineData(150_019, "(SNAPSHOT 'nothing')", true)]
    [InlineData(180_000, "(SNAPSHOT 'nothing')", true)]
    public void Replication_commands_fit_the_servers_version(int version, string option, bool hasMessages)
    {
        Assert.Equal(
            $"CREATE_REPLICATION_SLOT \"s\" TEMPORARY LOGICAL pgoutput {option}",
            ReplicationCommands.CreateSlot("s", version));
        string start = ReplicationCommands.Start("s", "it's \"mine\"", version);
        Assert.Contains("publication_names '\"it''s \"\"mine\"\"\"'", start, StringComparison.Ordinal);
        Assert.Equal(hasMessages, start.Contains("messages 'true'", StringComparison.Ordinal));
    }

    private sealed record Case(TableFacts Table, PublicationFacts Publication, string Expected);
}
