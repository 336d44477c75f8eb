using Freshet.Core.Sql;
using Npgsql;

namespace Freshet.Server.Feed.Schema;

/// <summary>What a server must have before a stream is tried, so that what is missing is told by name and with the SQL
/// that repairs it.</summary>
internal static class FeedRequirements
{
    private const string Query = """
        select pg_catalog.current_setting('server_version_num')::pg_catalog.int4,
               pg_catalog.pg_is_in_recovery(),
               pg_catalog.current_setting('wal_level'),
               r.rolreplication or r.rolsuper,
               pg_catalog.current_setting('max_replication_slots')::pg_catalog.int4,
               (select pg_catalog.count(*) from pg_catalog.pg_replication_slots)::pg_catalog.int4,
               pg_catalog.current_setting('max_wal_senders')::pg_catalog.int4
          from pg_catalog.pg_roles r
         where r.rolname = current_user
        """;

    /// <summary>Looks, and creates the event triggers where that is asked for and permitted.</summary>
    /// <returns>The server's version number: 150019.</returns>
    public static async Task<int> CheckAsync(
        NpgsqlConnection connection, FeedOptions options, CancellationToken cancellation)
    {
        int version;
        await using (var command = new NpgsqlCommand(Query, connection))
        {
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
            await reader.ReadAsync(cancellation);
            version = reader.GetInt32(0);
            if (reader.GetBoolean(1))
            {
                throw new FeedException(FeedFailure.Lost, "the server is a standby; a feed needs the primary");
            }

            ThrowIfMissing(
                options, reader.GetString(2), reader.GetBoolean(3), reader.GetInt32(4), reader.GetInt32(5),
                reader.GetInt32(6));
        }

        if (options.CreatesSchemaTriggers && await MayCreateTriggersAsync(connection, cancellation))
        {
            await using var create = new NpgsqlCommand(SchemaTriggers.CreateSql, connection);
            await create.ExecuteNonQueryAsync(cancellation);
        }

        return version;
    }

    private static void ThrowIfMissing(
        FeedOptions options, string walLevel, bool mayReplicate, int slots, int usedSlots, int senders)
    {
        if (walLevel is not "logical")
        {
            throw Unavailable(
                $"wal_level is {walLevel}, and following changes needs logical",
                "ALTER SYSTEM SET wal_level = 'logical'; and restart the server");
        }

        if (!mayReplicate)
        {
            string role = SqlQuoting.Identifier(options.Server.User);
            throw Unavailable(
                $"role {options.Server.User} may not stream changes", $"ALTER ROLE {role} REPLICATION;");
        }

        if (usedSlots >= slots)
        {
            throw Unavailable(
                $"max_replication_slots is {slots}, and {usedSlots} are used",
                $"ALTER SYSTEM SET max_replication_slots = {usedSlots + 10}; and restart the server");
        }

        if (senders == 0)
        {
            throw Unavailable(
                "max_wal_senders is 0", "ALTER SYSTEM SET max_wal_senders = 10; and restart the server");
        }
    }

    private static async Task<bool> MayCreateTriggersAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(SchemaTriggers.StateQuery, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) && !reader.GetBoolean(0) && reader.GetBoolean(1);
    }

    private static FeedException Unavailable(string what, string repair) =>
        new(FeedFailure.Unavailable, what, repair: repair);
}
