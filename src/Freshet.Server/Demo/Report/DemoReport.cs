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
}

/// <summary>Both sides under one pattern.</summary>
internal sealed record PatternReport(TrafficPattern Pattern, int Clients, TrafficResult Direct, TrafficResult Freshet);
