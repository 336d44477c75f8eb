using System.Collections.Immutable;
using Freshet.Server.Demo.Traffic;

namespace Freshet.Server.Demo.Report;

/// <summary>Everything that the demo found out.</summary>
internal sealed record DemoReport
{
    public required string FreshetVersion { get; init; }

    public required string PostgresVersion { get; init; }

    public required int Rows { get; init; }

    public required double LoadSeconds { get; init; }

    public required int PoolSize { get; init; }

    public required int MaxConnections { get; init; }

    public required int Rounds { get; init; }

    public required int Cores { get; init; }

    public required ImmutableArray<PatternReport> Patterns { get; init; }

    public required CacheShare Cache { get; init; }

    public required LiveWrite LiveWrite { get; init; }
}

/// <summary>All sides under one pattern.</summary>
/// <param name="Pattern">Of the traffic.</param>
/// <param name="Clients">Workers.</param>
/// <param name="Direct">Without Freshet.</param>
/// <param name="Freshet">Through it with the cache off.</param>
/// <param name="Cached">Through it with the cache on.</param>
internal sealed record PatternReport(
    TrafficPattern Pattern, int Clients, TrafficResult Direct, TrafficResult Freshet, TrafficResult Cached)
{
    public TrafficResult Of(DemoSide side) => side switch
    {
        DemoSide.Pooled => Freshet,
        DemoSide.Cached => Cached,
        _ => Direct,
    };
}
