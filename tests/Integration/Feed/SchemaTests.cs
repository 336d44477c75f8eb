using Freshet.Core.Consistency;
using Freshet.Server.Feed.Publications;
using Freshet.Server.Feed.Schema;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Feed;

/// <summary>Changed definitions, and tables that come and go.</summary>
[Collection(nameof(FeedPostgresCollection))]
public sealed class SchemaTests(FeedPostgres server)
{
    private const string Player = "CREATE TABLE player (id int PRIMARY KEY, name text)";
    private static readonly TimeSpan Never = TimeSpan.FromDays(1);

    [Fact]
    public async Task A_changed_definition_is_found_by_the_poll_and_the_catalog_is_read_again_before_the_last_count()
    {
        int reads = 0;
        long versionAtRead = -1;
        FeedScene? scene = null;
        scene = await FeedScene.StartLiveAsync(
            server,
            options => options with
            {
                ReadCatalog = (_, _) =>
                {
                    Interlocked.Increment(ref reads);
                    versionAtRead = scene?.Freshness.SchemaVersion ?? -1;
                    return Task.CompletedTask;
                },
            },
            Player);
        await using FeedScene owned = scene;
        int before = reads;
        long version = scene.Freshness.SchemaVersion;
        await scene.ExecuteAsync("CREATE VIEW top AS SELECT * FROM player");
        await scene.UntilAsync(() => reads > before && scene.Freshness.SchemaVersion >= version + 2);

        // Once before it was read, so that what was stored is gone at once, and once after.
        Assert.True(versionAtRead > version && versionAtRead < scene.Freshness.SchemaVersion);
    }

    [Fact]
    public async Task A_new_table_becomes_tracked_and_a_dropped_one_untracked()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player);
        await scene.ExecuteAsync("CREATE TABLE team (id int PRIMARY KEY)");
        TableVersion team = await scene.TrackedAsync("team");
        long before = team.Any.Version;
        await scene.ExecuteAsync("INSERT INTO team VALUES (1)");
        await scene.CaughtUpAsync();
        Assert.True(team.Any.Version > before);
        await scene.ExecuteAsync("DROP TABLE team");
        await scene.UntilAsync(() => !team.IsTracked);
        Assert.Equal(0, scene.Feed.Status.Reconnects);
    }

    [Fact]
    public async Task A_table_is_not_tracked_while_a_transaction_runs_whose_writes_the_stream_missed()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player);
        await scene.ExecuteAsync("CREATE TABLE team (id int)");
        await using NpgsqlConnection connection = await scene.ConnectAsync();
        await RunAsync(connection, "BEGIN");
        await RunAsync(connection, "INSERT INTO player VALUES (1, 'a')");

        // Published while the other transaction runs, which may have written to it before.
        await scene.ExecuteAsync("ALTER TABLE team ADD PRIMARY KEY (id)");
        TableVersion team = await scene.TableAsync("team");
        await RunAsync(connection, "INSERT INTO team VALUES (1)");
        string published = "select count(*) from pg_publication_tables where tablename = 'team'";
        while (await scene.ReadAsync(published) is "0")
        {
            await Task.Delay(1);
        }

        for (int i = 0; i < 10; i++)
        {
            await scene.CaughtUpAsync();
            Assert.False(team.IsTracked);
        }

        await RunAsync(connection, "COMMIT");
        await scene.UntilAsync(() => team.IsTracked);
    }

    /// <summary>Without the memberships compared, the table would count as tracked all the time, and the transaction's
    /// first write would be missed.</summary>
    [Fact]
    public async Task A_table_that_somebody_takes_out_and_puts_back_is_new()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server, null, Player, "CREATE TABLE team (id int PRIMARY KEY)");
        TableVersion player = await scene.TrackedAsync("player");
        await using NpgsqlConnection connection = await scene.ConnectAsync();
        await RunAsync(connection, "BEGIN");
        await RunAsync(connection, "INSERT INTO team VALUES (1)");
        await scene.ExecuteAsync(
            "ALTER PUBLICATION freshet DROP TABLE player",
            "INSERT INTO player VALUES (1, 'missed')",
            "ALTER PUBLICATION freshet ADD TABLE player (id)");
        await scene.UntilAsync(() => !player.IsTracked);
        for (int i = 0; i < 5; i++)
        {
            await scene.CaughtUpAsync();
            Assert.False(player.IsTracked);
        }

        Assert.True((await scene.TableAsync("team")).IsTracked);
        await RunAsync(connection, "COMMIT");
        await scene.UntilAsync(() => player.IsTracked);
    }

    [Fact]
    public async Task A_table_without_a_primary_key_stays_untracked_and_its_writes_work()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server,
            null,
            Player,
            "CREATE TABLE loose (x int)",
            "INSERT INTO loose VALUES (1)",
            "CREATE UNLOGGED TABLE fleeting (id int PRIMARY KEY)",
            "CREATE TABLE late (id int PRIMARY KEY DEFERRABLE)",
            "CREATE TABLE silent (id int PRIMARY KEY)",
            "ALTER TABLE silent REPLICA IDENTITY NOTHING",
            "CREATE MATERIALIZED VIEW summary AS SELECT count(*) FROM player");
        await scene.ExecuteAsync("UPDATE loose SET x = 2", "DELETE FROM loose", "UPDATE late SET id = 2");
        await scene.TrackedAsync("player");
        UntrackedTable[] untracked = [.. scene.Feed.Status.Untracked];
        Assert.Equal(
            ["fleeting", "late", "loose", "silent", "summary"],
            untracked.Select(table => table.Name.Split('"')[3]).Order(StringComparer.Ordinal));
        Assert.Contains(untracked, table => table.Reason.Contains("unlogged", StringComparison.Ordinal));
        Assert.Contains(untracked, table => table.Reason.Contains("no usable primary key", StringComparison.Ordinal));
        foreach (UntrackedTable table in untracked)
        {
            Assert.False(scene.Freshness.Table(table.Id).IsTracked);
        }

        // Given a key it is followed; when the key goes, it is taken out so that its writes work again.
        await scene.ExecuteAsync("INSERT INTO loose VALUES (1)", "ALTER TABLE loose ADD PRIMARY KEY (x)");
        TableVersion loose = await scene.TrackedAsync("loose");
        await scene.ExecuteAsync("ALTER TABLE loose DROP CONSTRAINT loose_pkey");
        await scene.UntilAsync(() => !loose.IsTracked);
        while (await Record.ExceptionAsync(() => scene.ExecuteAsync("UPDATE loose SET x = 3")) is not null)
        {
            await Task.Delay(1);
        }
    }

    /// <summary>What a migration does to a key while the table is published.</summary>
    [Theory]
    [InlineData("ALTER TABLE player RENAME id TO number")]
    [InlineData("ALTER TABLE player ALTER name TYPE varchar(20)")]
    [InlineData("ALTER TABLE player ADD COLUMN age int DEFAULT 3")]
    [InlineData("ALTER TABLE player DROP COLUMN name")]
    [InlineData("ALTER TABLE player DROP COLUMN id CASCADE")]
    [InlineData("ALTER TABLE player RENAME TO person")]
    [InlineData("ALTER TABLE player SET SCHEMA elsewhere")]
    [InlineData("DROP TABLE player")]
    public async Task A_migration_of_a_published_table_works(string statement)
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player, "CREATE SCHEMA elsewhere");
        await scene.TrackedAsync("player");
        await scene.ExecuteAsync("INSERT INTO player VALUES (1, 'a')");
        await scene.CaughtUpAsync();
        long version = scene.Freshness.SchemaVersion;
        await scene.ExecuteAsync(statement);
        await scene.UntilAsync(() => scene.Freshness.SchemaVersion > version);
        Assert.Equal(0, scene.Feed.Status.Reconnects);
    }

    /// <summary>PostgreSQL does not change the type of a column that a publication lists; a table that is published
    /// with all its columns, or taken out in the same transaction, it does.</summary>
    [Fact]
    public async Task A_keys_type_can_be_changed_when_its_table_is_taken_out_in_the_same_transaction()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(server, null, Player);
        TableVersion player = await scene.TrackedAsync("player");
        const string alter = "ALTER TABLE player ALTER id TYPE bigint";
        PostgresException refusal = await Assert.ThrowsAsync<PostgresException>(() => scene.ExecuteAsync(alter));
        Assert.Equal(PostgresErrorCodes.FeatureNotSupported, refusal.SqlState);
        long version = scene.Freshness.SchemaVersion;
        await scene.ExecuteAsync($"BEGIN; ALTER PUBLICATION freshet DROP TABLE player; {alter}; COMMIT");
        await scene.UntilAsync(() => scene.Freshness.SchemaVersion > version);
        await scene.UntilAsync(() => player.IsTracked);
        while (await scene.ReadAsync("select count(*) from pg_publication_tables") is "0")
        {
            await Task.Delay(1);
        }
    }

    [Fact]
    public async Task Without_column_lists_a_keys_type_can_be_changed_at_once()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server, options => options with { UsesColumnLists = false }, Player);
        TableVersion player = await scene.TrackedAsync("player");
        await scene.ExecuteAsync("ALTER TABLE player ALTER id TYPE bigint", "INSERT INTO player VALUES (1, 'a')");
        scene.Freshness.SplitByKey(player);
        await scene.CaughtUpAsync();
        long before = player.Bucket(1).Version;
        await scene.ExecuteAsync("UPDATE player SET name = 'b'");
        await scene.CaughtUpAsync();
        Assert.True(player.Bucket(1).Version > before);
        Assert.Equal(0, scene.Feed.Status.Reconnects);
    }

    [Fact]
    public async Task A_changed_replica_identity_is_followed()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server,
            null,
            "CREATE TABLE pair (a int PRIMARY KEY, b int NOT NULL UNIQUE)",
            "INSERT INTO pair VALUES (1, 1)");
        TableVersion pair = await scene.TrackedAsync("pair");
        await scene.ExecuteAsync("ALTER TABLE pair REPLICA IDENTITY USING INDEX pair_b_key");
        string list = "select attnames::text from pg_publication_tables where tablename = 'pair'";
        while (await scene.ReadAsync(list) is not "{b}")
        {
            await Task.Delay(1);
        }

        await scene.UntilAsync(() => pair.IsTracked);
        var (any, whole) = (pair.Any.Version, pair.Whole.Version);
        scene.Freshness.SplitByKey(pair);
        await scene.ExecuteAsync("UPDATE pair SET a = 2");
        await scene.CaughtUpAsync();

        // Values of another column than the primary key are no keys.
        Assert.True(pair.Any.Version > any && pair.Whole.Version > whole);
        await scene.ExecuteAsync("ALTER TABLE pair REPLICA IDENTITY FULL");
        while (await scene.ReadAsync(list) is not "{a,b}")
        {
            await Task.Delay(1);
        }

        await scene.ExecuteAsync("UPDATE pair SET a = 3");
    }

    [Fact]
    public async Task A_table_that_changed_is_noticed_by_the_next_row_that_is_streamed()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server, options => options with { SchemaPollInterval = Never }, Player);
        await scene.ExecuteAsync("INSERT INTO player VALUES (1, 'a')");
        await scene.CaughtUpAsync();
        long version = scene.Freshness.SchemaVersion;
        await scene.ExecuteAsync("ALTER TABLE player RENAME TO person");
        await scene.CaughtUpAsync();
        Assert.Equal(version, scene.Freshness.SchemaVersion);
        await scene.ExecuteAsync("INSERT INTO person VALUES (2, 'a')");
        await scene.CaughtUpAsync();
        Assert.True(scene.Freshness.SchemaVersion > version);
    }

    [Fact]
    public async Task Event_triggers_tell_at_once_what_the_poll_would_find_later()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server, options => options with { SchemaPollInterval = Never, CreatesSchemaTriggers = true }, Player);
        long version = scene.Freshness.SchemaVersion;
        foreach (string statement in (string[])
            [
                "CREATE VIEW top AS SELECT * FROM player",
                "GRANT SELECT ON player TO trusted",
                "REVOKE SELECT ON player FROM trusted",
                "CREATE POLICY own ON player USING (true)",
                "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'select 1'",
                "DROP VIEW top",
            ])
        {
            await scene.ExecuteAsync(statement);
            await scene.CaughtUpAsync();
            Assert.True(scene.Freshness.SchemaVersion > version, statement);
            version = await SettledVersionAsync(scene);
        }

        await scene.ExecuteAsync("CREATE TEMPORARY TABLE scratch (id int); DROP TABLE scratch");
        await scene.CaughtUpAsync();
        Assert.Equal(version, scene.Freshness.SchemaVersion);
        await scene.ExecuteAsync(SchemaTriggers.DropSql);
    }

    /// <summary>What a change sets off takes a moment: once more when it is visible, twice when the catalog is read.
    /// </summary>
    private static async Task<long> SettledVersionAsync(FeedScene scene)
    {
        long version;
        do
        {
            version = scene.Freshness.SchemaVersion;
            await scene.ReadAsync("select pg_sleep(0.1)");
        }
        while (version != scene.Freshness.SchemaVersion);

        return version;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
