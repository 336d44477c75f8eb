using System.Collections.Immutable;
using Freshet.Server.Checks;
using Xunit;

namespace Freshet.Tests.Unit.Checks;

public sealed class FindingsTests
{
    private static readonly ServerFacts Good = new()
    {
        VersionNumber = 150_019,
        Version = "15.19",
        Database = "shop",
        Role = "app",
        CanReplicate = true,
        CanCreateInDatabase = true,
        WalLevel = "logical",
        MaxReplicationSlots = 10,
        MaxWalSenders = 10,
        HasSchemaTriggers = true,
        MayAskIdentity = true,
        MaxConnections = 100,
        ReservedConnections = 3,
        PasswordEncryption = "scram-sha-256",
        HotStandby = true,
        UsesTls = true,
        Extensions = ImmutableDictionary<string, string?>.Empty.Add("pg_stat_statements", "1.10").Add("hypopg", "1.3"),
    };

    [Fact]
    public void A_good_server_has_nothing_to_repair() =>
        Assert.All(Findings.From(Good, 20), finding => Assert.Equal(FindingStatus.Ok, finding.Status));

    [Fact]
    public void Each_fault_is_found_alone_and_comes_with_its_repair()
    {
        (string Name, ServerFacts Facts, string Repair)[] faults =
        [
            ("version", Good with { VersionNumber = 120_010 }, "pg_upgrade"),
            ("connections", Good with { MaxConnections = 22 }, "--pool-size 9"),
            ("tls", Good with { UsesTls = false }, "ALTER SYSTEM SET ssl = on;"),
            ("password_encryption", Good with { PasswordEncryption = "md5" }, "password_encryption = 'scram-sha-256'"),
            ("replication", Good with { CanReplicate = false, Role = "a\"b" }, "ALTER ROLE \"a\"\"b\" REPLICATION;"),
            ("wal_level", Good with { WalLevel = "replica" }, "wal_level = 'logical'"),
            ("max_replication_slots", Good with { ReplicationSlotsUsed = 10 }, "max_replication_slots = 20"),
            ("max_wal_senders", Good with { MaxWalSenders = 0 }, "max_wal_senders = 10"),
            ("max_wal_senders", Good with { WalSendersUsed = 10 }, "max_wal_senders = 20"),
            ("table_owners", Good with { TablesOfOthers = 3 }, "CREATE PUBLICATION freshet FOR TABLE"),
            ("table_owners", Good with { TablesOfOthers = 3, HasFeedPublication = true }, "ALTER PUBLICATION freshet"),
            ("replica_identity", Good with { TablesWithoutIdentity = 1, TablesWithoutIdentityNames = ["s.t"] },
                "ALTER TABLE s.t ADD PRIMARY KEY"),
            ("server_identity", Good with { MayAskIdentity = false }, "pg_control_system()"),
            ("publications", Good with { CanCreateInDatabase = false }, "GRANT CREATE ON DATABASE \"shop\" TO"),
            ("pg_stat_statements", Good with { Extensions = Good.Extensions.SetItem("pg_stat_statements", null) },
                "CREATE EXTENSION pg_stat_statements;"),
            ("pg_stat_statements", Good with { Extensions = Good.Extensions.Remove("pg_stat_statements") }, "contrib"),
        ];
        foreach (var (name, facts, repair) in faults)
        {
            var finding = Assert.Single(Findings.From(facts, 20), finding => finding.Status == FindingStatus.Missing);
            Assert.Equal(name, finding.Name);
            Assert.Contains(repair, finding.Repair, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_publication_that_is_there_needs_no_right_to_create_one() =>
        Assert.All(
            Findings.From(Good with { CanCreateInDatabase = false, HasFeedPublication = true }, 20),
            finding => Assert.Equal(FindingStatus.Ok, finding.Status));

    [Fact]
    public void The_event_triggers_are_printed_where_they_are_not_there()
    {
        var finding = Findings.From(Good with { HasSchemaTriggers = false }, 20)
            .Single(finding => finding.Name is "schema_changes");
        Assert.Equal(FindingStatus.Note, finding.Status);
        Assert.Contains("CREATE EVENT TRIGGER", finding.Repair, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_only_worth_knowing_does_not_count_as_missing()
    {
        ServerFacts[] notes =
        [
            Good with { IsSuperuser = true }, Good with { InRecovery = true }, Good with { CanCreateDatabases = true },
            Good with { BypassesRowSecurity = true }, Good with { UsesTls = false, IsLocal = true },
            Good with { Extensions = Good.Extensions.Remove("hypopg") }, Good with { MaxConnections = 30 },
        ];
        foreach (var facts in notes)
        {
            var findings = Findings.From(facts, 20);
            Assert.DoesNotContain(findings, finding => finding.Status == FindingStatus.Missing);
            Assert.Contains(findings, finding => finding.Status == FindingStatus.Note);
        }
    }
}
