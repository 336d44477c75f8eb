using System.Collections.Immutable;

namespace Freshet.Server.Checks;

/// <summary>What one look at a server has found; the findings are drawn from it without a connection.</summary>
internal sealed record ServerFacts
{
    /// <summary>As in <c>server_version_num</c>: 150019.</summary>
    public required int VersionNumber { get; init; }
    public required string Version { get; init; }
    public required string Database { get; init; }
    public required string Role { get; init; }
    public bool IsSuperuser { get; init; }
    public bool CanReplicate { get; init; }
    public bool CanCreateDatabases { get; init; }
    public bool BypassesRowSecurity { get; init; }

    /// <summary>May create objects in the database, which a publication is.</summary>
    public bool CanCreateInDatabase { get; init; }
    public required string WalLevel { get; init; }
    public int MaxReplicationSlots { get; init; }
    public int ReplicationSlotsUsed { get; init; }
    public int MaxWalSenders { get; init; }
    public int WalSendersUsed { get; init; }
    public int MaxConnections { get; init; }
    public int ReservedConnections { get; init; }
    public required string PasswordEncryption { get; init; }
    public bool InRecovery { get; init; }
    public bool HotStandby { get; init; }
    public bool UsesTls { get; init; }

    /// <summary>The server is this machine, so clear text does not leave it.</summary>
    public bool IsLocal { get; init; }

    /// <summary>By name: the installed version, or null where the extension is only available.</summary>
    public required ImmutableDictionary<string, string?> Extensions { get; init; }

    public int TablesWithoutIdentity { get; init; }

    /// <summary>The first of them, quoted as SQL needs it.</summary>
    public ImmutableArray<string> TablesWithoutIdentityNames { get; init; } = [];

    /// <summary>Tables with a usable identity that belong to somebody else, so that only their owners can publish them.
    /// </summary>
    public int TablesOfOthers { get; init; }

    /// <summary>The publication that the feed uses is there, whoever owns it.</summary>
    public bool HasFeedPublication { get; init; }

    /// <summary>The event triggers are there that tell of changed definitions at once.</summary>
    public bool HasSchemaTriggers { get; init; }

    /// <summary>The role may ask which primary it is connected to.</summary>
    public bool MayAskIdentity { get; init; }

    /// <summary>Publications that the role owns.</summary>
    public ImmutableArray<string> Publications { get; init; } = [];
}
