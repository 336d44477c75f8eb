using System.Collections.Immutable;
using Freshet.Core.Consistency;
using Freshet.Core.Sql;
using Freshet.Server.Feed;
using Freshet.Server.Feed.Schema;

namespace Freshet.Server.Checks;

/// <summary>Draws the findings from the facts: the pool's needs first, then those of the cache that lives from logical
/// decoding, then those of the advisor.</summary>
internal static class Findings
{
    /// <summary>The oldest major version that is tested.</summary>
    public const int OldestVersion = 13;

    public static ImmutableArray<Finding> From(ServerFacts facts, int poolSize) =>
        [
            Version(facts),
            Connections(facts, poolSize),
            Tls(facts),
            PasswordEncryption(facts),
            Recovery(facts),
            Superuser(facts),
            CreateDatabase(facts),
            RowSecurity(facts),
            Replication(facts),
            WalLevel(facts),
            Slots(facts),
            Senders(facts),
            Identity(facts),
            Publications(facts),
            TableOwners(facts),
            SchemaChanges(facts),
            ServerIdentity(facts),
            StatStatements(facts),
            HypoPg(facts),
        ];

    private static Finding Version(ServerFacts facts) =>
        facts.VersionNumber / 10_000 >= OldestVersion
            ? Ok("version", $"PostgreSQL {facts.Version}")
            : Missing(
                "version",
                $"PostgreSQL {facts.Version}; {OldestVersion} or later is supported",
                "upgrade the server: pg_upgrade"
            );

    private static Finding Connections(ServerFacts facts, int poolSize)
    {
        var usable = facts.MaxConnections - (facts.IsSuperuser ? 0 : facts.ReservedConnections);
        var detail = $"max_connections {facts.MaxConnections}, {usable} for this role; pool size {poolSize}";
        if (poolSize > usable)
        {
            return Missing(
                "connections",
                detail + ": the pool cannot be filled",
                $"start with --pool-size {Math.Max(1, usable / 2)}, or ALTER SYSTEM SET max_connections = "
                    + $"{poolSize + facts.ReservedConnections + 20}; and restart the server"
            );
        }
        return poolSize * 2 > usable
            ? new("connections", FindingStatus.Note, detail + ": a second pool of that size would not fit")
            : Ok("connections", detail);
    }

    private static Finding Tls(ServerFacts facts) =>
        (facts.UsesTls, facts.IsLocal) switch
        {
            (true, _) => Ok("tls", "the connection is encrypted"),
            (false, true) => new("tls", FindingStatus.Note, "not encrypted; the server is this machine"),
            _ => Missing(
                "tls",
                "not encrypted, and the server is another machine",
                "give the server a certificate (ssl_cert_file, ssl_key_file), then ALTER SYSTEM SET ssl = on; "
                    + "SELECT pg_catalog.pg_reload_conf(); and add ?sslmode=verify-full to the URL"
            ),
        };

    private static Finding PasswordEncryption(ServerFacts facts) =>
        facts.PasswordEncryption is "scram-sha-256"
            ? Ok("password_encryption", "scram-sha-256")
            : Missing(
                "password_encryption",
                $"{facts.PasswordEncryption}: new passwords are stored as md5 hashes, which cannot answer SCRAM",
                "ALTER SYSTEM SET password_encryption = 'scram-sha-256'; SELECT pg_catalog.pg_reload_conf(); then set "
                    + "the passwords again with \\password"
            );

    private static Finding Recovery(ServerFacts facts) =>
        facts.InRecovery
            ? new(
                "recovery",
                FindingStatus.Note,
                $"a standby (hot_standby {(facts.HotStandby ? "on" : "off")}): it answers reads and refuses writes"
            )
            : Ok("recovery", "a primary");

    private static Finding Superuser(ServerFacts facts) =>
        facts.IsSuperuser
            ? new(
                "superuser",
                FindingStatus.Note,
                $"{facts.Role} is a superuser; Freshet needs none, and clients get the rights of this role"
            )
            : Ok("superuser", $"{facts.Role} is none, and none is needed");

    private static Finding CreateDatabase(ServerFacts facts) =>
        facts.CanCreateDatabases
            ? new("createdb", FindingStatus.Note, $"{facts.Role} may create databases; Freshet does not need that")
            : Ok("createdb", $"{facts.Role} may not create databases, and need not");

    private static Finding RowSecurity(ServerFacts facts) =>
        facts.BypassesRowSecurity || facts.IsSuperuser
            ? new(
                "bypassrls",
                FindingStatus.Note,
                $"{facts.Role} bypasses row security: policies do not bind clients that come in by this role"
            )
            : Ok("bypassrls", "row security binds this role");

    private static Finding Replication(ServerFacts facts) =>
        facts.CanReplicate || facts.IsSuperuser
            ? Ok("replication", $"{facts.Role} may stream changes")
            : Missing(
                "replication",
                $"{facts.Role} may not stream changes, which the cache's invalidation needs",
                $"ALTER ROLE {SqlQuoting.Identifier(facts.Role)} REPLICATION;"
            );

    private static Finding WalLevel(ServerFacts facts) =>
        facts.WalLevel is "logical"
            ? Ok("wal_level", "logical")
            : Missing(
                "wal_level",
                $"{facts.WalLevel}; the cache's invalidation needs logical",
                "ALTER SYSTEM SET wal_level = 'logical'; and restart the server"
            );

    private static Finding Slots(ServerFacts facts) =>
        facts.ReplicationSlotsUsed < facts.MaxReplicationSlots
            ? Ok("max_replication_slots", $"{facts.MaxReplicationSlots}, {facts.ReplicationSlotsUsed} used")
            : Missing(
                "max_replication_slots",
                $"{facts.MaxReplicationSlots}, {facts.ReplicationSlotsUsed} used: none is free",
                $"ALTER SYSTEM SET max_replication_slots = {facts.ReplicationSlotsUsed + 10}; and restart the server"
            );

    private static Finding Senders(ServerFacts facts) =>
        facts.WalSendersUsed < facts.MaxWalSenders
            ? Ok("max_wal_senders", $"{facts.MaxWalSenders}, {facts.WalSendersUsed} used")
            : Missing(
                "max_wal_senders",
                facts.MaxWalSenders == 0
                    ? "0: nothing can be streamed"
                    : $"{facts.MaxWalSenders}, {facts.WalSendersUsed} used: none is free",
                $"ALTER SYSTEM SET max_wal_senders = {facts.WalSendersUsed + 10}; and restart the server"
            );

    private static Finding Identity(ServerFacts facts)
    {
        if (facts.TablesWithoutIdentity == 0)
            return Ok("replica_identity", "every table has a usable one");
        var names = string.Join(", ", facts.TablesWithoutIdentityNames);
        var more = facts.TablesWithoutIdentity > facts.TablesWithoutIdentityNames.Length ? ", …" : "";
        return Missing(
            "replica_identity",
            $"tables without a usable one, which cannot be cached: {facts.TablesWithoutIdentity} ({names}{more})",
            $"ALTER TABLE {facts.TablesWithoutIdentityNames[0]} ADD PRIMARY KEY (…); or, for a table with a unique "
                + "index on NOT NULL columns, ALTER TABLE … REPLICA IDENTITY USING INDEX …;"
        );
    }

    private static Finding Publications(ServerFacts facts)
    {
        if (facts.HasFeedPublication)
            return Ok("publications", $"\"{FeedOptions.DefaultPublication}\" is there");
        if (!facts.Publications.IsEmpty)
            return Ok("publications", $"{facts.Role} owns {string.Join(", ", facts.Publications)}");
        return facts.CanCreateInDatabase
            ? Ok("publications", $"{facts.Role} owns none and may create one for tables that it owns")
            : Missing(
                "publications",
                $"{facts.Role} owns none and may not create one",
                $"GRANT CREATE ON DATABASE {SqlQuoting.Identifier(facts.Database)} TO "
                    + $"{SqlQuoting.Identifier(facts.Role)};"
            );
    }

    private static Finding ServerIdentity(ServerFacts facts) =>
        facts.MayAskIdentity
            ? Ok("server_identity", $"{facts.Role} may ask which primary it is connected to")
            : Missing(
                "server_identity",
                $"{facts.Role} may not ask which primary it is connected to, which the cache's invalidation needs",
                PrimaryIdentity.Grant(SqlQuoting.Identifier(facts.Role))
            );

    private static Finding TableOwners(ServerFacts facts) =>
        facts.TablesOfOthers == 0
            ? Ok("table_owners", $"{facts.Role} may publish every table")
            : Missing(
                "table_owners",
                $"tables of other roles that are not published, which cannot be cached: {facts.TablesOfOthers}",
                facts.HasFeedPublication
                    ? $"ALTER PUBLICATION {FeedOptions.DefaultPublication} ADD TABLE …; by its owner"
                    : $"CREATE PUBLICATION {FeedOptions.DefaultPublication} FOR TABLE …; by a superuser, or GRANT the "
                        + $"owning role TO {SqlQuoting.Identifier(facts.Role)};"
            );

    private static Finding SchemaChanges(ServerFacts facts) =>
        facts.HasSchemaTriggers
            ? Ok("schema_changes", "event triggers tell of changed definitions at once")
            : new(
                "schema_changes",
                FindingStatus.Note,
                "found by looking every second; event triggers, which a superuser creates, tell at once",
                SchemaTriggers.CreateSql
            );

    private static Finding StatStatements(ServerFacts facts) =>
        facts.Extensions.TryGetValue("pg_stat_statements", out var installed)
            ? installed is null
                ? Missing(
                    "pg_stat_statements",
                    "available and not installed; the advisor reads it",
                    "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'; (keep the libraries that are "
                        + "there), restart the server, CREATE EXTENSION pg_stat_statements;"
                )
                : Ok("pg_stat_statements", $"version {installed}")
            : Missing(
                "pg_stat_statements",
                "not available on the server; the advisor reads it",
                "install PostgreSQL's contrib package on the server"
            );

    private static Finding HypoPg(ServerFacts facts)
    {
        if (!facts.Extensions.TryGetValue("hypopg", out var installed))
        {
            return new(
                "hypopg",
                FindingStatus.Note,
                "not available on the server; the advisor cannot prove index advice without building the index",
                $"apt-get install postgresql-{facts.VersionNumber / 10_000}-hypopg"
            );
        }
        return installed is null
            ? new(
                "hypopg",
                FindingStatus.Note,
                "available and not installed; the advisor proves index advice with it",
                "CREATE EXTENSION hypopg;"
            )
            : Ok("hypopg", $"version {installed}");
    }

    private static Finding Ok(string name, string detail) => new(name, FindingStatus.Ok, detail);

    private static Finding Missing(string name, string detail, string repair) =>
        new(name, FindingStatus.Missing, detail, repair);
}
