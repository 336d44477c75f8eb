using Freshet.Core.Consistency;
using Freshet.Server.Demo;
using Freshet.Server.Feed;
using Xunit;

namespace Freshet.Tests.Integration.Feed;

/// <summary>Every loss of the stream begins a new epoch, and nothing is left behind on the server.</summary>
[Collection(nameof(FeedPostgresCollection))]
public sealed class EpochTests(FeedPostgres server)
{
    private const string Player = "CREATE TABLE player (id int PRIMARY KEY, name text)";

    [Theory]
    [InlineData("freshet stream")]
    [InlineData("freshet pulse")]
    [InlineData("freshet feed")]
    public async Task A_cut_of_any_of_its_connections_begins_a_new_epoch(string application)
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player);
        TableVersion player = await scene.TrackedAsync("player");
        long epoch = scene.Freshness.Epoch;
        await scene.ExecuteAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
            + $"and application_name = '{application}'");
        await scene.UntilAsync(() => scene.Freshness.Epoch > epoch + 1 && scene.Freshness.IsLive);

        await scene.UntilAsync(() => player.IsTracked);
        long before = player.Any.Version;
        await scene.ExecuteAsync("INSERT INTO player VALUES (1, 'a')");
        await scene.CaughtUpAsync();
        Assert.True(player.Any.Version > before);
        Assert.True(scene.Feed.Status.Reconnects >= 1);
        Assert.Contains("next attempt", scene.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restart_of_the_server_begins_a_new_epoch_which_knows_what_was_written_in_between()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player);
        TableVersion player = await scene.TrackedAsync("player");
        await scene.ExecuteAsync("INSERT INTO player VALUES (1, 'a')");
        await scene.CaughtUpAsync();
        var (epoch, version) = (scene.Freshness.Epoch, player.Any.Version);
        await server.Postgres.RestartAsync(PostgresStopMode.Immediate, TestContext.Current.CancellationToken);
        await scene.ExecuteAsync("INSERT INTO player VALUES (2, 'a')");
        await scene.UntilAsync(() => scene.Freshness.Epoch > epoch + 1 && scene.Freshness.IsLive);
        Assert.True(player.Any.Version > version);
        await scene.CaughtUpAsync();
    }

    [Fact]
    public async Task A_stopped_feed_is_broken_and_leaves_no_slot()
    {
        FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player);
        string slots = $"select count(*) from pg_replication_slots where database = '{scene.Database}'";
        Assert.Equal("1", await scene.ReadAsync(slots));
        Assert.Equal("1", await scene.ReadAsync(slots + " and temporary"));
        await scene.DisposeAsync();
        Assert.False(scene.Freshness.IsLive);
        Assert.Equal(FeedState.Stopped, scene.Feed.Status.State);

        // Its connections were only closed, as those of a killed process are.
        while (await scene.ReadAsync(slots) is not "0")
        {
            await Task.Delay(1);
        }
    }

    [Fact]
    public async Task A_feed_confirms_to_the_server_how_far_it_is()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player);
        string query = $"select confirmed_flush_lsn from pg_replication_slots where database = '{scene.Database}'";
        await scene.ExecuteAsync("INSERT INTO player VALUES (1, 'a')");
        Assert.True(Lsn.TryParse(await scene.ReadAsync("select pg_current_wal_flush_lsn()"), out Lsn end));
        Lsn confirmed = Lsn.Zero;
        while (confirmed < end)
        {
            Assert.True(Lsn.TryParse(await scene.ReadAsync(query), out confirmed));
            await Task.Delay(1);
        }

        Assert.True(confirmed <= scene.Freshness.Position);
    }

    [Fact]
    public async Task A_stream_that_is_held_up_makes_floors_wait_and_nothing_else()
    {
        using var held = new ManualResetEventSlim(true);
        var failpoints = new FeedFailpoints { BeforeStreamMessage = held.Wait };
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server, options => options with { Failpoints = failpoints }, Player);
        TableVersion player = await scene.TrackedAsync("player");
        await scene.CaughtUpAsync();
        held.Reset();
        try
        {
            long before = player.Any.Version;
            await scene.ExecuteAsync("INSERT INTO player VALUES (1, 'a')");
            PulseBook pulses = scene.Freshness.Pulses;
            long ticket = pulses.Next;
            pulses.Want(ticket, urgent: true);
            Lsn floor = Lsn.Zero;
            await scene.UntilAsync(() => pulses.TryGetFloor(ticket, out floor));
            Assert.True(scene.Freshness.Position < floor);
            Assert.Equal(before, player.Any.Version);
            held.Set();
            await scene.UntilAsync(() => scene.Freshness.Position >= floor);
            Assert.True(player.Any.Version > before);
        }
        finally
        {
            held.Set();
        }
    }
}
