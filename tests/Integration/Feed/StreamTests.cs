using Freshet.Core.Consistency;
using Freshet.Server.Feed;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Feed;

/// <summary>What commits do to the versions, on a real server.</summary>
[Collection(nameof(FeedPostgresCollection))]
public sealed class StreamTests(FeedPostgres server)
{
    private const string Player = "CREATE TABLE player (id int PRIMARY KEY, name text)";
    private const string Team = "CREATE TABLE team (id int PRIMARY KEY, name text)";

    [Fact]
    public async Task A_commit_moves_its_tables_version_and_no_other()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player, Team);
        TableVersion player = await scene.TrackedAsync("player");
        TableVersion team = await scene.TrackedAsync("team");
        var (before, teamBefore) = (player.Any.Version, team.Any.Version);

        await scene.ExecuteAsync("INSERT INTO player VALUES (1, 'a')");
        await scene.CaughtUpAsync();
        Assert.True(player.Any.Version > before);
        Assert.Equal(teamBefore, team.Any.Version);
        await scene.UntilAsync(() => player.Any.IsConfirmed);
        Assert.Equal(0, scene.Feed.Status.Reconnects);
        Assert.True(scene.Feed.Status.CommitToNoted!.Count >= 1);
    }

    [Theory]
    [InlineData("INSERT INTO player VALUES (7, 'x')", new[] { 7 }, false)]
    [InlineData("UPDATE player SET name = 'y' WHERE id = 2", new[] { 2 }, false)]
    [InlineData("UPDATE player SET id = 8 WHERE id = 2", new[] { 2, 8 }, false)]
    [InlineData("DELETE FROM player WHERE id = 3", new[] { 3 }, false)]
    [InlineData("DELETE FROM player WHERE id IN (3, 4)", new[] { 3, 4 }, false)]
    [InlineData("INSERT INTO player VALUES (3, 'z') ON CONFLICT (id) DO UPDATE SET name = 'z'", new[] { 3 }, false)]
    [InlineData("MERGE INTO player p USING (VALUES (4)) v(i) ON id = i WHEN MATCHED THEN DELETE", new[] { 4 }, false)]
    [InlineData("UPDATE player SET name = 'y' WHERE id = 999", new int[0], false)]
    [InlineData("TRUNCATE player", new int[0], true)]
    [InlineData("INSERT INTO player SELECT i, '' FROM generate_series(1001, 1257) i", new int[0], true)]
    public async Task A_statement_touches_the_keys_of_its_rows(string statement, int[] keys, bool isWhole)
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server, null, Player, "INSERT INTO player SELECT i, 'n' FROM generate_series(1, 5) i");
        TableVersion player = await scene.TrackedAsync("player");
        scene.Freshness.SplitByKey(player);
        long[] before = Buckets(player);
        long whole = player.Whole.Version;

        await scene.ExecuteAsync(statement);
        await scene.CaughtUpAsync();
        long[] after = Buckets(player);
        Assert.Equal(keys, Enumerable.Range(0, before.Length).Where(key => after[key] > before[key]));
        Assert.Equal(isWhole, player.Whole.Version > whole);
    }

    [Fact]
    public async Task Whatever_writes_is_seen_cascades_triggers_partitions_and_copy()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server,
            null,
            Team,
            "CREATE TABLE member (id int PRIMARY KEY, team int REFERENCES team ON DELETE CASCADE)",
            "CREATE TABLE audit (id serial PRIMARY KEY, what text)",
            """
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN INSERT INTO audit (what) VALUES (TG_OP); RETURN NULL; END $$
            """,
            "CREATE TRIGGER noted AFTER INSERT ON team FOR EACH ROW EXECUTE FUNCTION note()",
            "CREATE TABLE game (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
            "CREATE TABLE game_1 PARTITION OF game FOR VALUES FROM (0) TO (10)",
            "CREATE TABLE game_2 PARTITION OF game FOR VALUES FROM (10) TO (20)",
            "INSERT INTO team VALUES (1, 'a')",
            "INSERT INTO member VALUES (1, 1)");
        await TouchesAsync(scene, "INSERT INTO team VALUES (2, 'b')", "team", "audit");
        await TouchesAsync(scene, "DELETE FROM team WHERE id = 1", "team", "member");
        await TouchesAsync(scene, "INSERT INTO game VALUES (1, 5)", "game_1");
        await TouchesAsync(scene, "UPDATE game SET day = 15 WHERE id = 1", "game_1", "game_2");
        await TouchesAsync(scene, "TRUNCATE game", "game_1", "game_2");
        await TouchesAsync(scene, "COPY member FROM PROGRAM 'echo 9'", expected: [], fails: true);
        await TouchesAsync(scene, "COPY audit (what) FROM PROGRAM 'echo copied'", "audit");
        Assert.True((await scene.TrackedAsync("game")).IsTracked);
    }

    [Fact]
    public async Task What_is_rolled_back_touches_nothing_and_a_subtransaction_counts_with_its_parent()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player, Team);
        await TouchesAsync(scene, "BEGIN; INSERT INTO player VALUES (1, 'a'); ROLLBACK", []);
        await TouchesAsync(
            scene,
            """
            BEGIN; SAVEPOINT a; INSERT INTO player VALUES (1, 'a'); ROLLBACK TO a;
            SAVEPOINT b; INSERT INTO team VALUES (1, 'a'); RELEASE b; COMMIT
            """,
            "team");
        TableVersion team = await scene.TableAsync("team");
        await scene.UntilAsync(() => team.Any.IsConfirmed);
    }

    [Fact]
    public async Task A_prepared_transaction_counts_when_it_is_committed()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player);
        await TouchesAsync(scene, "BEGIN; INSERT INTO player VALUES (1, 'a'); PREPARE TRANSACTION 'one'", []);
        await TouchesAsync(scene, "COMMIT PREPARED 'one'", "player");
        TableVersion player = await scene.TableAsync("player");
        await scene.UntilAsync(() => player.Any.IsConfirmed);
        await TouchesAsync(scene, "BEGIN; INSERT INTO player VALUES (2, 'a'); PREPARE TRANSACTION 'two'", []);
        await TouchesAsync(scene, "ROLLBACK PREPARED 'two'", []);
    }

    [Fact]
    public async Task A_huge_row_that_is_streamed_whole_costs_its_table_and_not_the_stream()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server,
            null,
            "CREATE TABLE wide (id int PRIMARY KEY, body text)",
            "ALTER TABLE wide ALTER body SET STORAGE EXTERNAL, REPLICA IDENTITY FULL",
            Player);
        TableVersion wide = await scene.TrackedAsync("wide");
        long before = wide.Any.Version;
        await scene.ExecuteAsync("INSERT INTO wide VALUES (1, repeat('x', 3000000))");
        await scene.CaughtUpAsync();
        Assert.True(wide.Any.Version > before);
        await TouchesAsync(scene, "INSERT INTO player VALUES (1, 'a')", "player");
        await TouchesAsync(scene, "UPDATE wide SET body = 'short'", "wide");
        Assert.Equal(0, scene.Feed.Status.Reconnects);
    }

    [Fact]
    public async Task A_big_transaction_among_small_ones_is_told_at_its_commit()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player, Team);
        TableVersion player = await scene.TrackedAsync("player");
        long before = player.Any.Version;
        await using NpgsqlConnection connection = await scene.ConnectAsync();
        await RunAsync(connection, "BEGIN");
        await RunAsync(connection, "INSERT INTO player SELECT i, 'n' FROM generate_series(1, 100000) i");
        await TouchesAsync(scene, "INSERT INTO team VALUES (1, 'a')", "team");
        Assert.Equal(before, player.Any.Version);
        await RunAsync(connection, "COMMIT");
        await scene.CaughtUpAsync();
        Assert.True(player.Any.Version > before);
        await scene.UntilAsync(() => player.Any.IsConfirmed);
    }

    private static async Task TouchesAsync(FeedScene scene, string statements, params string[] expected) =>
        await TouchesAsync(scene, statements, expected, fails: false);

    /// <summary>Runs a script and compares the tables whose versions moved.</summary>
    private static async Task TouchesAsync(FeedScene scene, string statements, string[] expected, bool fails)
    {
        string names = await scene.ReadAsync(
            "select string_agg(relname, ',' order by relname) from pg_class c where relkind = 'r' and oid >= 16384 "
            + "and relnamespace = 'public'::regnamespace") ?? "";
        var tables = new Dictionary<string, TableVersion>(StringComparer.Ordinal);
        foreach (string name in names.Split(','))
        {
            tables.Add(name, await scene.TrackedAsync(name));
        }

        await scene.CaughtUpAsync();
        Dictionary<string, long> before = tables.ToDictionary(pair => pair.Key, pair => pair.Value.Any.Version);
        Exception? failure = await Record.ExceptionAsync(() => scene.ExecuteAsync(statements));
        Assert.Equal(fails, failure is not null);
        await scene.CaughtUpAsync();
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            tables.Where(pair => pair.Value.Any.Version > before[pair.Key])
                .Select(pair => pair.Key)
                .Order(StringComparer.Ordinal));
    }

    private static long[] Buckets(TableVersion table) =>
        [.. Enumerable.Range(0, TableVersion.BucketCount).Select(key => table.Bucket((ulong)key).Version)];

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
