using Freshet.Core.Consistency;
using Freshet.Server.Feed;
using Freshet.Server.Feed.Publications;
using Freshet.Server.Feed.Pulse;
using Xunit;

namespace Freshet.Tests.Unit.Feed;

public sealed class TrackedTablesTests
{
    private const int Version = 150_019;

    private static readonly TrackedTable First = new(new RelationId(1), 10);
    private static readonly TrackedTable Second = new(new RelationId(2), 20);

    private readonly Freshness _freshness = new();
    private readonly SnapshotGates _gates = new();
    private readonly TrackedTables _tables;

    public TrackedTablesTests()
    {
        _tables = new TrackedTables(_freshness, _gates);
        _freshness.Open(new Lsn(1));
    }

    [Fact]
    public void Tables_are_tracked_when_the_stream_goes_live_and_not_before()
    {
        _tables.Begin(State(1, First, Second), Version);
        Assert.False(IsTracked(First));
        _tables.GoLive();
        Assert.True(IsTracked(First) && IsTracked(Second) && _freshness.IsLive);
    }

    [Fact]
    public void An_added_table_waits_for_its_gate()
    {
        _tables.Begin(State(1, First), Version);
        _tables.GoLive();
        _tables.Change(State(50, First, Second));
        Pass(49);
        Assert.False(IsTracked(Second));
        Pass(50);
        Assert.True(IsTracked(Second));
    }

    [Fact]
    public void A_table_that_was_added_before_the_stream_is_live_waits_for_its_gate_too()
    {
        _tables.Begin(State(1, First), Version);
        _tables.Change(State(50, First, Second));
        _tables.GoLive();
        Assert.True(IsTracked(First));
        Assert.False(IsTracked(Second));
        Pass(50);
        Assert.True(IsTracked(Second));
    }

    [Fact]
    public void A_table_with_another_membership_is_new_and_its_old_gate_does_not_serve()
    {
        _tables.Begin(State(1, First), Version);
        _tables.GoLive();
        _tables.Change(State(50, First, Second));
        Assert.False(IsTracked(Second));
        long schema = _freshness.SchemaVersion;
        _tables.Change(State(60, First, Second with { Membership = 21 }));
        Assert.True(_freshness.SchemaVersion > schema);
        Pass(55);
        Assert.False(IsTracked(Second));
        Pass(60);
        Assert.True(IsTracked(Second));
    }

    [Fact]
    public void A_table_that_is_gone_is_untracked_and_what_depends_on_it_is_unreachable()
    {
        _tables.Begin(State(1, First, Second), Version);
        _tables.GoLive();
        long schema = _freshness.SchemaVersion;
        _tables.Change(State(50, First));
        Assert.False(IsTracked(Second));
        Assert.True(_freshness.SchemaVersion > schema);
    }

    [Fact]
    public void After_its_end_a_stream_neither_goes_live_nor_tracks()
    {
        _tables.Begin(State(1, First), Version);
        _tables.Close();
        _tables.GoLive();
        Assert.False(_freshness.IsLive || IsTracked(First));
    }

    [Theory]
    [InlineData(150_012, false)]
    [InlineData(150_013, true)]
    [InlineData(170_004, false)]
    [InlineData(180_000, true)]
    [InlineData(120_022, false)]
    public void A_server_whose_stream_may_not_see_added_tables_gets_a_new_one(int version, bool sees)
    {
        _tables.Begin(State(1, First), version);
        _tables.GoLive();
        Exception? failure = Record.Exception(() => _tables.Change(State(50, First, Second)));
        Assert.Equal(sees, failure is null);
        Assert.Null(Record.Exception(() => _tables.Change(State(50, First, Second) with { IsForAllTables = true })));
    }

    private static PublicationState State(ulong next, params TrackedTable[] tracked) =>
        new([.. tracked], [], next, IsForAllTables: false, HasFailures: false);

    private bool IsTracked(TrackedTable table) => _freshness.Table(table.Id).IsTracked;

    private void Pass(int oldest) => _gates.Pass(VisibilitySnapshot.Parse($"{oldest}:{oldest}:"));
}
