using Freshet.Core.Consistency;
using Freshet.Server.Feed;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Feed;

/// <summary>PostgreSQL streams a commit before it is visible, and does not stream what is not flushed: the two traps of
/// this protocol.</summary>
[Collection(nameof(FeedPostgresCollection))]
public sealed class VisibilityTests(FeedPostgres server)
{
    private const string Player = "CREATE TABLE player (id int PRIMARY KEY, name text)";

    [Fact]
    public async Task A_commit_that_waits_for_a_standby_moves_the_version_and_is_confirmed_only_when_it_is_visible()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server, null, Player, "INSERT INTO player VALUES (1, 'old')");
        TableVersion player = await scene.TrackedAsync("player");
        long before = player.Any.Version;
        await using var ghost = await GhostStandby.SummonAsync(server);
        Task commit = scene.ExecuteAsync("UPDATE player SET name = 'new'");
        await scene.UntilAsync(() => player.Any.Version > before);

        // The stream has passed it, and pulses that begin now do not see it: however many come, it stays unconfirmed.
        for (int i = 0; i < 5; i++)
        {
            await scene.CaughtUpAsync();
            Assert.Equal("old", await scene.ReadAsync("select name from player"));
            Assert.False(player.Any.IsConfirmed);
        }

        Assert.True(scene.Freshness.Position.Value >= (ulong)player.Any.Version);
        Assert.False(commit.IsCompleted);
        await ghost.BanishAsync();
        await commit;
        await scene.UntilAsync(() => player.Any.IsConfirmed);
        Assert.Equal("new", await scene.ReadAsync("select name from player"));
        Assert.True(scene.Freshness.IsLive);
    }

    /// <summary>The test above can fail: without the rule the commit counts as confirmed while readers still see the
    /// old row.</summary>
    [Fact]
    public async Task Without_the_rule_of_confirmation_the_trap_is_open()
    {
        var failpoints = new FeedFailpoints { ConfirmUnseen = true };
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server,
            options => options with { Failpoints = failpoints },
            Player,
            "INSERT INTO player VALUES (1, 'old')");
        TableVersion player = await scene.TrackedAsync("player");
        long before = player.Any.Version;
        await using var ghost = await GhostStandby.SummonAsync(server);
        Task commit = scene.ExecuteAsync("UPDATE player SET name = 'new'");
        await scene.UntilAsync(() => player.Any.Version > before && player.Any.IsConfirmed);
        Assert.Equal("old", await scene.ReadAsync("select name from player"));
        await ghost.BanishAsync();
        await commit;
    }

    [Fact]
    public async Task Nothing_is_live_while_a_commit_hangs_that_the_stream_will_not_tell()
    {
        string database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(database, Player, "INSERT INTO player VALUES (1, 'old')");
        await using var ghost = await GhostStandby.SummonAsync(server);
        Task commit = server.ExecuteAsync(database, "UPDATE player SET name = 'new'");
        while (await server.ReadAsync(
            "postgres", "select count(*) from pg_stat_activity where wait_event = 'SyncRep'") is "0")
        {
            await Task.Delay(1);
        }

        var freshness = new Freshness();
        await using var feed = new DatabaseFeed(FeedScene.Options(server, database), freshness);
        feed.Start();

        // Its slot waits for the commit, or the feed itself does: never is it live before the row can be seen.
        for (int i = 0; i < 50; i++)
        {
            Assert.False(freshness.IsLive);
            await server.ReadAsync("postgres", "select pg_sleep(0.005)");
        }

        Assert.Equal("old", await server.ReadAsync(database, "select name from player"));
        await ghost.BanishAsync();
        await commit;
        while (!freshness.IsLive)
        {
            await Task.Delay(1);
        }
    }

    /// <summary>The stream's beginning has a gap: a transaction that begins while the slot waits for older ones, and
    /// commits before the slot is consistent, is not streamed; it may hang in its commit all the same.</summary>
    [Fact]
    public async Task Nothing_is_live_while_a_commit_hangs_that_came_before_the_slots_position()
    {
        string database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(database, Player, "INSERT INTO player VALUES (1, 'old')");
        await using NpgsqlConnection first = await OpenTransactionAsync(database);
        string firstNumber = await NumberAsync(first);
        await using FeedScene scene = FeedScene.Start(server, database);
        await WaitForAsync(firstNumber);
        await using NpgsqlConnection second = await OpenTransactionAsync(database);
        string secondNumber = await NumberAsync(second);
        await RunAsync(first, "ROLLBACK");
        await WaitForAsync(secondNumber);

        await using var ghost = await GhostStandby.SummonAsync(server);
        Task commit = scene.ExecuteAsync("UPDATE player SET name = 'new'");
        while (await server.ReadAsync(
            "postgres", "select count(*) from pg_stat_activity where wait_event = 'SyncRep'") is "0")
        {
            await Task.Delay(1);
        }

        await RunAsync(second, "ROLLBACK");
        await scene.UntilAsync(() => scene.Feed.Status.State is FeedState.Open or FeedState.Live);
        for (int i = 0; i < 5; i++)
        {
            await scene.CaughtUpAsync();
            Assert.False(scene.Freshness.IsLive);
            Assert.Equal("old", await scene.ReadAsync("select name from player"));

            // The stream knows nothing of it: no rule but this one could hold anybody back.
            Assert.Equal(0, scene.Freshness.PendingCommits);
        }

        await ghost.BanishAsync();
        await commit;
        await scene.UntilAsync(() => scene.Freshness.IsLive);
    }

    [Fact]
    public async Task The_stream_comes_up_to_a_pulse_although_the_log_was_not_flushed()
    {
        await server.ExecuteAsync(
            "postgres", "ALTER SYSTEM SET wal_writer_delay = '10s'", "SELECT pg_reload_conf()");
        try
        {
            await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player);
            await using NpgsqlConnection connection = await scene.ConnectAsync();
            await RunAsync(connection, "BEGIN");
            for (int i = 1; i <= 20; i++)
            {
                // A transaction that stays open leaves records behind that nobody flushes.
                await RunAsync(connection, $"INSERT INTO player VALUES ({i}, 'a')");
                await scene.CaughtUpAsync();
            }

            Assert.True(scene.Feed.Status.Flushes > 0);
            await RunAsync(connection, "ROLLBACK");

            // And so does an asynchronous commit, which is visible at once.
            TableVersion player = await scene.TrackedAsync("player");
            await RunAsync(connection, "SET synchronous_commit = off");
            for (int i = 101; i <= 120; i++)
            {
                long before = player.Any.Version;
                await RunAsync(connection, $"INSERT INTO player VALUES ({i}, 'a')");
                await scene.CaughtUpAsync();
                Assert.True(player.Any.Version > before);
            }
        }
        finally
        {
            await server.ExecuteAsync(
                "postgres", "ALTER SYSTEM RESET wal_writer_delay", "SELECT pg_reload_conf()");
        }
    }

    [Fact]
    public async Task A_flush_does_not_hang_with_a_standby_that_does_not_answer()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player);
        await using var ghost = await GhostStandby.SummonAsync(server);
        await using NpgsqlConnection connection = await scene.ConnectAsync();
        await RunAsync(connection, "BEGIN");
        for (int i = 1; i <= 20; i++)
        {
            await RunAsync(connection, $"INSERT INTO player VALUES ({i}, 'a')");
            await scene.CaughtUpAsync();
        }

        await RunAsync(connection, "ROLLBACK");
    }

    [Fact]
    public async Task Commits_to_tables_that_are_not_published_move_the_position_too()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, "CREATE TABLE loose (x int)");
        for (int i = 0; i < 10; i++)
        {
            await scene.ExecuteAsync("INSERT INTO loose VALUES (1)");
            string end = await scene.ReadAsync("select pg_current_wal_flush_lsn()") ?? "";
            await scene.CaughtUpAsync();
            Assert.True(Lsn.TryParse(end, out Lsn flushed) && scene.Freshness.Position >= flushed);
        }
    }

    [Fact]
    public async Task Time_is_caught_up_with_while_nothing_happens()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player);
        long first = scene.Freshness.Pulses.CaughtUpAt;
        await scene.UntilAsync(() => scene.Freshness.Pulses.CaughtUpAt > first);
        long second = scene.Freshness.Pulses.CaughtUpAt;
        await scene.UntilAsync(() => scene.Freshness.Pulses.CaughtUpAt > second);
    }

    [Fact]
    public async Task Pulses_that_are_lost_confirm_nothing()
    {
        var failpoints = new FeedFailpoints();
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server, options => options with { Failpoints = failpoints }, Player);
        TableVersion player = await scene.TrackedAsync("player");
        failpoints.DropPulses = true;
        long before = player.Any.Version;
        long pulses = scene.Feed.Status.Pulses;
        await scene.ExecuteAsync("INSERT INTO player VALUES (1, 'a')");
        await scene.UntilAsync(() => player.Any.Version > before && scene.Feed.Status.Pulses > pulses + 3);
        Assert.False(player.Any.IsConfirmed);
        failpoints.DropPulses = false;
        await scene.UntilAsync(() => player.Any.IsConfirmed);
    }

    private async Task<NpgsqlConnection> OpenTransactionAsync(string database)
    {
        var connection = new NpgsqlConnection(server.Postgres.ConnectionString(database));
        await connection.OpenAsync();
        await RunAsync(connection, "BEGIN");
        return connection;
    }

    private static async Task<string> NumberAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select pg_current_xact_id()::xid::text", connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Until somebody, that is the new slot, waits for this transaction.</summary>
    private async Task WaitForAsync(string transaction)
    {
        string query = "select count(*) from pg_locks where not granted and locktype = 'transactionid' "
            + $"and transactionid = '{transaction}'";
        while (await server.ReadAsync("postgres", query) is "0")
        {
            await Task.Delay(1);
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A synchronous standby that does not exist: commits hang after they are written.</summary>
    private sealed class GhostStandby(FeedPostgres server) : IAsyncDisposable
    {
        public static async Task<GhostStandby> SummonAsync(FeedPostgres server)
        {
            await SetAsync(server, "ghost");
            return new GhostStandby(server);
        }

        public Task BanishAsync() => SetAsync(server, "");

        public async ValueTask DisposeAsync() => await BanishAsync();

        private static async Task SetAsync(FeedPostgres server, string names)
        {
            await server.ExecuteAsync(
                "postgres",
                $"ALTER SYSTEM SET synchronous_standby_names = '{names}'",
                "SELECT pg_reload_conf()");
            const string show = "SHOW synchronous_standby_names";
            while (!names.Equals(await server.ReadAsync("postgres", show), StringComparison.Ordinal))
            {
                await Task.Delay(1);
            }
        }
    }
}
