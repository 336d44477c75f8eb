using System.Globalization;
using Freshet.Core.Consistency;
using Freshet.Server.Demo;
using Freshet.Server.Feed;
using Freshet.Server.Feed.Publications;
using Freshet.Server.Proxy.Settings;
using Xunit;

namespace Freshet.Tests.Integration.Feed;

/// <summary>Publications that are there, those that are not, and what a role may do.</summary>
[Collection(nameof(FeedPostgresCollection))]
public sealed class PublicationTests(FeedPostgres server)
{
    private const string Player = "CREATE TABLE player (id int PRIMARY KEY, name text)";

    [Fact]
    public async Task A_role_with_replication_and_tables_of_its_own_needs_no_superuser()
    {
        await using FeedScene scene = await StartAsTrustedAsync(
            Player,
            "ALTER TABLE player OWNER TO trusted",
            "CREATE TABLE other (id int PRIMARY KEY)",
            "DO $$ BEGIN EXECUTE 'GRANT CREATE ON DATABASE ' || current_database() || ' TO trusted'; END $$");
        await scene.UntilAsync(() => scene.Freshness.IsLive);
        await scene.TrackedAsync("player");
        UntrackedTable other = Assert.Single(scene.Feed.Status.Untracked);
        Assert.Contains("owned by freshet", other.Reason, StringComparison.Ordinal);
        Assert.Equal("freshet", await scene.ReadAsync("select string_agg(pubname, ',') from pg_publication"));
    }

    [Fact]
    public async Task Without_the_right_to_create_one_the_feed_says_which_right_is_missing()
    {
        await using FeedScene scene = await StartAsTrustedAsync(Player);
        await scene.UntilAsync(() => scene.Feed.Status.State == FeedState.Unavailable);
        Assert.Equal($"GRANT CREATE ON DATABASE \"{scene.Database}\" TO \"trusted\";", scene.Feed.Status.Repair);
        Assert.False(scene.Freshness.IsLive);
        await scene.ExecuteAsync(scene.Feed.Status.Repair!);
        await scene.UntilAsync(() => scene.Freshness.IsLive);
    }

    [Fact]
    public async Task A_role_without_replication_is_told_so()
    {
        await server.ExecuteAsync("postgres", "ALTER ROLE trusted NOREPLICATION");
        try
        {
            await using FeedScene scene = await StartAsTrustedAsync(
                Player, "CREATE PUBLICATION freshet FOR ALL TABLES");
            await scene.UntilAsync(() => scene.Feed.Status.State == FeedState.Unavailable);
            Assert.Equal("ALTER ROLE \"trusted\" REPLICATION;", scene.Feed.Status.Repair);
            await scene.ExecuteAsync(scene.Feed.Status.Repair!);
            await scene.UntilAsync(() => scene.Freshness.IsLive);
        }
        finally
        {
            await server.ExecuteAsync("postgres", "ALTER ROLE trusted REPLICATION");
        }
    }

    [Fact]
    public async Task A_publication_of_somebody_else_is_used_as_it_is()
    {
        await using FeedScene scene = await StartAsTrustedAsync(
            Player,
            "CREATE TABLE team (id int PRIMARY KEY)",
            "CREATE TABLE filtered (id int PRIMARY KEY)",
            "CREATE TABLE missing (id int PRIMARY KEY)",
            "CREATE PUBLICATION freshet FOR TABLE player, team, filtered WHERE (id > 5)");
        await scene.UntilAsync(() => scene.Freshness.IsLive);
        TableVersion player = await scene.TrackedAsync("player");
        Assert.True((await scene.TableAsync("team")).IsTracked);
        Assert.False((await scene.TableAsync("filtered")).IsTracked);
        Assert.False((await scene.TableAsync("missing")).IsTracked);
        long before = player.Any.Version;
        await scene.ExecuteAsync("INSERT INTO player VALUES (1, 'a')");
        await scene.CaughtUpAsync();
        Assert.True(player.Any.Version > before);
        await scene.ExecuteAsync("ALTER PUBLICATION freshet ADD TABLE missing");
        await scene.ExecuteAsync("CREATE VIEW any_change_that_the_poll_sees AS SELECT 1");
        await scene.TrackedAsync("missing");
    }

    [Theory]
    [InlineData("FOR ALL TABLES", true)]
    [InlineData("FOR TABLES IN SCHEMA public", true)]
    [InlineData("FOR ALL TABLES WITH (publish = 'insert, update, delete')", false)]
    [InlineData("FOR TABLE player WITH (publish = 'insert')", false)]
    public async Task What_a_publication_leaves_out_is_not_tracked(string definition, bool isTracked)
    {
        await using FeedScene scene = await StartAsTrustedAsync(Player, $"CREATE PUBLICATION freshet {definition}");
        await scene.UntilAsync(() => scene.Freshness.IsLive);
        Assert.Equal(isTracked, (await scene.TableAsync("player")).IsTracked);
    }

    [Fact]
    public async Task Partitions_told_as_their_root_are_not_tracked()
    {
        await using FeedScene scene = await StartAsTrustedAsync(
            "CREATE TABLE game (id int PRIMARY KEY) PARTITION BY RANGE (id)",
            "CREATE TABLE game_1 PARTITION OF game FOR VALUES FROM (0) TO (10)",
            "CREATE PUBLICATION freshet FOR TABLE game WITH (publish_via_partition_root)");
        await scene.UntilAsync(() => scene.Freshness.IsLive);
        Assert.False((await scene.TableAsync("game_1")).IsTracked);
    }

    [Fact]
    public async Task Two_feeds_share_a_publication_and_do_not_fight()
    {
        await using FeedScene scene = await FeedScene.StartAsync(
            server,
            null,
            [.. Enumerable.Range(0, 50).Select(i => $"CREATE TABLE t{i} (id int PRIMARY KEY)")]);
        var second = new Freshness();
        await using var feed = new DatabaseFeed(FeedScene.Options(server, scene.Database), second);
        feed.Start();
        await scene.UntilAsync(() => scene.Freshness.IsLive && second.IsLive);
        for (int i = 0; i < 5; i++)
        {
            await scene.ExecuteAsync($"CREATE TABLE more{i} (id int PRIMARY KEY)");
        }

        string oid = await scene.ReadAsync("select 'more4'::regclass::oid::text") ?? "";
        var id = new RelationId(uint.Parse(oid, CultureInfo.InvariantCulture));
        await scene.UntilAsync(() => scene.Freshness.Table(id).IsTracked && second.Table(id).IsTracked);
        Assert.Equal(0, scene.Feed.Status.Reconnects + feed.Status.Reconnects);
        Assert.Equal("55", await scene.ReadAsync("select count(*) from pg_publication_tables"));
    }

    [Fact]
    public async Task A_table_that_is_locked_does_not_keep_the_others_out()
    {
        string database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync(database, Player, "CREATE TABLE held (id int PRIMARY KEY)");
        await using var connection = new Npgsql.NpgsqlConnection(server.Postgres.ConnectionString(database));
        await connection.OpenAsync();

        // The lock that VACUUM takes, too: it lets writers pass, and no publication.
        await using (var command = new Npgsql.NpgsqlCommand(
            "BEGIN; LOCK TABLE held IN SHARE UPDATE EXCLUSIVE MODE", connection))
        {
            await command.ExecuteNonQueryAsync();
        }

        await using FeedScene scene = FeedScene.Start(server, database);
        await scene.TrackedAsync("player");
        Assert.Contains(
            scene.Feed.Status.Untracked,
            table => table.Reason.Contains("cannot be published yet", StringComparison.Ordinal));
        await using (var command = new Npgsql.NpgsqlCommand("COMMIT", connection))
        {
            await command.ExecuteNonQueryAsync();
        }

        await scene.TrackedAsync("held");
    }

    [Fact]
    public async Task A_server_without_logical_decoding_makes_the_feed_unavailable_with_the_reason()
    {
        await using PrivatePostgres postgres = await PrivatePostgres.StartAsync(
            new PrivatePostgresOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["wal_level"] = "replica",
                    ["max_replication_slots"] = "0",
                },
            },
            TestContext.Current.CancellationToken);
        var freshness = new Freshness();
        var options = FeedScene.Options(server, "postgres") with
        {
            Server = new FeedServer(
                postgres.Host, postgres.Port, "postgres", postgres.User, postgres.Password, TlsSnapshot.Disabled),
        };
        await using var feed = new DatabaseFeed(options, freshness);
        feed.Start();
        while (feed.Status.State != FeedState.Unavailable)
        {
            await Task.Delay(1);
        }

        Assert.Contains("wal_level is replica", feed.Status.Reason, StringComparison.Ordinal);
        Assert.Contains("wal_level = 'logical'", feed.Status.Repair, StringComparison.Ordinal);
        Assert.False(freshness.IsLive);
    }

    private Task<FeedScene> StartAsTrustedAsync(params string[] statements) =>
        FeedScene.StartAsync(
            server,
            options => options with
            {
                Server = options.Server with { User = "trusted", Password = null },
            },
            statements);
}
