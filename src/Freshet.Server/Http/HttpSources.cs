using Freshet.Server.Feed;
using Freshet.Server.Health;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Http;

/// <summary>What the HTTP side reads. The functions are called by request threads.</summary>
/// <param name="Readiness">The process's stage of life.</param>
/// <param name="Statistics">The data plane's numbers; null before it has started.</param>
/// <param name="DroppedLogLines">Log lines lost since the start.</param>
internal sealed record HttpSources(
    Func<Readiness> Readiness,
    Func<ProxyStatistics?> Statistics,
    Func<long> DroppedLogLines
)
{
    /// <summary>The feeds; none before the first cached client.</summary>
    public Func<IEnumerable<DatabaseFeedStatus>> Feeds { get; init; } = static () => [];

    /// <summary>Null: nobody looks.</summary>
    public HealthMonitor? Health { get; init; }

    /// <summary>The databases that are cached; none before the first cached client.</summary>
    public Func<IEnumerable<DatabaseCache>> Databases { get; init; } = static () => [];

    /// <summary>What a request must show that does something; null: none is configured.</summary>
    public Func<HttpToken?> Token { get; init; } = static () => null;
}
