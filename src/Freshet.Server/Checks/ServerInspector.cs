using System.Collections.Immutable;
using System.Net;
using Freshet.Core.Consistency;
using Freshet.Server.Configuration;
using Freshet.Server.Feed;
using Freshet.Server.Feed.Schema;
using Freshet.Server.Proxy.Settings;
using Npgsql;

namespace Freshet.Server.Checks;

/// <summary>Connects to a server and reads the facts. It changes nothing: every statement is a SELECT on the
/// catalogs.</summary>
internal static class ServerInspector
{
    private const int TimeoutSeconds = 5;
    private const int TablesNamed = 5;

    private const string SettingsQuery = """
        select pg_catalog.current_setting('server_version_num')::pg_catalog.int4,
               pg_catalog.current_setting('server_version'),
               pg_catalog.current_database()::pg_catalog.text,
               r.rolname::pg_catalog.text, r.rolsuper, r.rolreplication, r.rolcreatedb, r.rolbypassrls,
               pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
               pg_catalog.current_setting('wal_level'),
               pg_catalog.current_setting('max_replication_slots')::pg_catalog.int4,
               (select pg_catalog.count(*) from pg_catalog.pg_replication_slots)::pg_catalog.int4,
               pg_catalog.current_setting('max_wal_senders')::pg_catalog.int4,
               (select pg_catalog.count(*) from pg_catalog.pg_stat_get_wal_senders())::pg_catalog.int4,
               pg_catalog.current_setting('max_connections')::pg_catalog.int4,
               pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4
                 + coalesce(pg_catalog.current_setting('reserved_connections', true)::pg_catalog.int4, 0),
               pg_catalog.current_setting('password_encryption'),
               pg_catalog.pg_is_in_recovery(),
               pg_catalog.current_setting('hot_standby')::pg_catalog.bool,
               coalesce((select s.ssl from pg_catalog.pg_stat_ssl s
                          where s.pid = pg_catalog.pg_backend_pid()), false)
          from pg_catalog.pg_roles r
         where r.rolname = current_user
        """;

    private const string ExtensionsQuery = """
        select name::pg_catalog.text, installed_version::pg_catalog.text
          from pg_catalog.pg_available_extensions
         where name in ('pg_stat_statements', 'hypopg')
        """;

    // The leaves carry the changes; a partitioned parent has no rows of its own.
    private const string IdentityQuery = """
        select pg_catalog.format('%I.%I', n.nspname, c.relname), (pg_catalog.count(*) over ())::pg_catalog.int4
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relkind = 'r' and c.relpersistence = 'p'
           and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\_toast%'
           and c.relreplident <> 'f'
           and not exists (select from pg_catalog.pg_index i
                            where i.indrelid = c.oid and i.indisvalid and i.indimmediate
                              and case c.relreplident when 'd' then i.indisprimary
                                                      when 'i' then i.indisreplident else false end)
           and not exists (select from pg_catalog.pg_depend d
                            where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                              and d.objid = c.oid and d.deptype = 'e')
         order by n.nspname, c.relname
         limit $1
        """;

    private const string PublicationsQuery = """
        select p.pubname::pg_catalog.text
          from pg_catalog.pg_publication p
          join pg_catalog.pg_roles r on r.oid = p.pubowner
         where r.rolname = current_user
         order by 1
        """;

    // Tables that could be followed if this role might publish them; the same conditions as the feed's own.
    private const string FeedQuery = $"""
        select exists (select from pg_catalog.pg_publication where pubname = $1),
               {SchemaTriggers.AreThere},
               (select pg_catalog.count(*)
                  from pg_catalog.pg_class c
                  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                 where c.relkind = 'r' and c.relpersistence = 'p'
                   and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\_toast%'
                   and not pg_catalog.pg_has_role(c.relowner, 'USAGE')
                   and not exists (select from pg_catalog.pg_publication_tables t
                                    where t.pubname = $1 and t.schemaname = n.nspname and t.tablename = c.relname)
               )::pg_catalog.int4,
               {PrimaryIdentity.MayAsk}
        """;

    /// <exception cref="NpgsqlException">Connecting or reading failed.</exception>
    public static async Task<ServerFacts> InspectAsync(ServerUrl server, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(server));
        await connection.OpenAsync(cancellation);
        var facts = await ReadSettingsAsync(connection, cancellation);
        var tables = ImmutableArray.CreateBuilder<string>();
        var tableCount = 0;
        await using (var command = new NpgsqlCommand(IdentityQuery, connection))
        {
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = TablesNamed });
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                tables.Add(reader.GetString(0));
                tableCount = reader.GetInt32(1);
            }
        }
        var extensions = ImmutableDictionary.CreateBuilder<string, string?>(StringComparer.Ordinal);
        await using (var command = new NpgsqlCommand(ExtensionsQuery, connection))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                var installed = await reader.IsDBNullAsync(1, cancellation) ? null : reader.GetString(1);
                extensions.Add(reader.GetString(0), installed);
            }
        }
        var publications = ImmutableArray.CreateBuilder<string>();
        await using (var command = new NpgsqlCommand(PublicationsQuery, connection))
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                publications.Add(reader.GetString(0));
        }
        facts = await ReadFeedAsync(facts, connection, cancellation);
        return facts with
        {
            IsLocal = IsLocal(server.Url.Host),
            Extensions = extensions.ToImmutable(),
            TablesWithoutIdentity = tableCount,
            TablesWithoutIdentityNames = tables.ToImmutable(),
            Publications = publications.ToImmutable(),
        };
    }

    private static async Task<ServerFacts> ReadFeedAsync(
        ServerFacts facts,
        NpgsqlConnection connection,
        CancellationToken cancellation
    )
    {
        await using var command = new NpgsqlCommand(FeedQuery, connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = FeedOptions.DefaultPublication });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return facts with
        {
            HasFeedPublication = reader.GetBoolean(0),
            HasSchemaTriggers = reader.GetBoolean(1),
            TablesOfOthers = reader.GetInt32(2),
            MayAskIdentity = reader.GetBoolean(3),
        };
    }

    private static async Task<ServerFacts> ReadSettingsAsync(
        NpgsqlConnection connection,
        CancellationToken cancellation
    )
    {
        await using var command = new NpgsqlCommand(SettingsQuery, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new ServerFacts
        {
            VersionNumber = reader.GetInt32(0),
            Version = reader.GetString(1),
            Database = reader.GetString(2),
            Role = reader.GetString(3),
            IsSuperuser = reader.GetBoolean(4),
            CanReplicate = reader.GetBoolean(5),
            CanCreateDatabases = reader.GetBoolean(6),
            BypassesRowSecurity = reader.GetBoolean(7),
            CanCreateInDatabase = reader.GetBoolean(8),
            WalLevel = reader.GetString(9),
            MaxReplicationSlots = reader.GetInt32(10),
            ReplicationSlotsUsed = reader.GetInt32(11),
            MaxWalSenders = reader.GetInt32(12),
            WalSendersUsed = reader.GetInt32(13),
            MaxConnections = reader.GetInt32(14),
            ReservedConnections = reader.GetInt32(15),
            PasswordEncryption = reader.GetString(16),
            InRecovery = reader.GetBoolean(17),
            HotStandby = reader.GetBoolean(18),
            UsesTls = reader.GetBoolean(19),
            Extensions = ImmutableDictionary<string, string?>.Empty,
        };
    }

    private static string ConnectionString(ServerUrl server)
    {
        var url = server.Url;
        var tls = ServerUrl.TlsOf(url);
        var timeout = url.ConnectTimeout is { TotalSeconds: > 0 } given ? (int)given.TotalSeconds : TimeoutSeconds;
        return new NpgsqlConnectionStringBuilder
        {
            Host = url.Host ?? PostgresUrl.DefaultSocketDirectory(),
            Port = url.Port,
            Database = server.Database,
            Username = server.User,
            // An empty password keeps Npgsql from looking for one elsewhere.
            Password = server.Password ?? "",
            ApplicationName = "freshet check",
            Pooling = false,
            Timeout = Math.Min(timeout, 300),
            CommandTimeout = 2 * TimeoutSeconds,
        }.With(tls.Mode, tls.AuthorityFile, tls.CertificateFile, tls.KeyFile).ConnectionString;
    }

    private static bool IsLocal(string? host) =>
        host is null
        || host.StartsWith('/')
        || string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
