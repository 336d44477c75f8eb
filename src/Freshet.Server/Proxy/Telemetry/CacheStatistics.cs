using System.Collections.Immutable;

namespace Freshet.Server.Proxy.Telemetry;

/// <summary>One database's cache, read without stopping the loops.</summary>
internal sealed record CacheStatistics
{
    /// <summary>Host and port: databases of several servers may share a name.</summary>
    public required string Target { get; init; }

    /// <summary>The database's name on the server.</summary>
    public required string Database { get; init; }

    /// <summary>The configured mode, and the one in force: the fallback where the feed cannot run.</summary>
    public required string Mode { get; init; }

    public required string EffectiveMode { get; init; }

    /// <summary>By Hyperdrive's values: hit, miss, disabled, uncacheable, multiplestatements, notaquery,
    /// oversizedquery, oversizedresult, parseerror, transaction, volatile.</summary>
    public required ImmutableArray<(string Result, long Count)> Requests { get; init; }

    public long Stored { get; init; }

    /// <summary>Results that were not stored, by reason.</summary>
    public required ImmutableArray<(string Reason, long Count)> Dropped { get; init; }

    /// <summary>Invalidations by hand, by what they named.</summary>
    public ImmutableArray<(string By, long Count)> Invalidations { get; init; } = [];

    public long FloorWaits { get; init; }

    public long FloorTimeouts { get; init; }

    public long Joined { get; init; }

    public long ServedStale { get; init; }

    public long Renewals { get; init; }

    public long Verified { get; init; }

    public long Mismatches { get; init; }

    public long SavedMicroseconds { get; init; }

    public int Statements { get; init; }

    public long SchemaVersion { get; init; }
}
