using System.Globalization;

namespace Freshet.Core.Consistency;

/// <summary>Which server a connection leads to, as far as WAL positions are concerned: those of another cluster or
/// timeline do not compare. The default value stands for a server that could not tell.</summary>
/// <param name="System">The cluster's system identifier; 0: unknown.</param>
/// <param name="Timeline">Changes with each promotion; 0: a standby.</param>
internal readonly record struct PrimaryIdentity(ulong System, uint Timeline)
{
    /// <summary>Asks for the three columns of <see cref="TryParse"/>, in one row. A timeline's number is the first
    /// eight hexadecimal digits of its WAL files' names.</summary>
    public const string Query = """
        SELECT pg_catalog.pg_is_in_recovery(),
               (SELECT system_identifier FROM pg_catalog.pg_control_system()),
               CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.substr(
                   pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8) END
        """;

    /// <summary>An SQL expression: the role may ask.</summary>
    public const string MayAsk = """
        (pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
         and pg_catalog.has_function_privilege('pg_catalog.pg_walfile_name(pg_catalog.pg_lsn)', 'EXECUTE')
         and pg_catalog.has_function_privilege('pg_catalog.pg_current_wal_insert_lsn()', 'EXECUTE'))
        """;

    /// <summary>The SQL that lets a role ask. Everybody may unless it was revoked.</summary>
    public static string Grant(string role) =>
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system(), pg_catalog.pg_walfile_name(pg_catalog.pg_lsn), "
        + $"pg_catalog.pg_current_wal_insert_lsn() TO {role};";

    public bool IsKnown => System != 0;

    public bool IsStandby => IsKnown && Timeline == 0;

    /// <summary>The same cluster before a promotion.</summary>
    public bool IsBefore(PrimaryIdentity other) =>
        System == other.System && Timeline != 0 && Timeline < other.Timeline;

    /// <summary>Reads the answer to <see cref="Query"/>, in the text format.</summary>
    public static bool TryParse(string? recovery, string? system, string? timeline, out PrimaryIdentity identity)
    {
        identity = default;
        uint number = 0;
        if (recovery is not ("t" or "f")
            || !ulong.TryParse(system, NumberStyles.None, CultureInfo.InvariantCulture, out ulong cluster)
            || (recovery is "f"
                && !uint.TryParse(timeline, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)))
        {
            return false;
        }

        identity = new PrimaryIdentity(cluster, number);
        return identity.IsKnown && identity.IsStandby == recovery is "t";
    }

    public override string ToString() =>
        !IsKnown ? "a server that could not tell which it is"
        : IsStandby ? $"a standby of system {System}"
        : $"system {System}, timeline {Timeline}";
}
