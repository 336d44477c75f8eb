using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>What a cache run does.</summary>
internal sealed record CacheOptions
{
    public required RigOptions Rig { get; init; }

    public required int Rounds { get; init; }

    /// <summary>Length of each run, after a run of a second to warm up.</summary>
    public required int Seconds { get; init; }

    public int Clients { get; init; } = 16;

    public required string OutputFolder { get; init; }
}
