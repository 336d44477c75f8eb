using System.Text.Json.Serialization;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>What a cache run does.</summary>
internal sealed record CacheOptions
{
    public required RigOptions Rig { get; init; }

    /// <summary>Of <see cref="CacheParts"/>.</summary>
    public required IReadOnlyList<string> Parts { get; init; }

    /// <summary>pgbench's <c>-M</c>, for the hot cell and the misses.</summary>
    public required IReadOnlyList<string> Protocols { get; init; }

    public required int Rounds { get; init; }

    /// <summary>The measured window of each run, after one second of warming up.</summary>
    public required int Seconds { get; init; }

    /// <summary>pgbench's <c>-c</c>.</summary>
    public required int Clients { get; init; }

    /// <summary>So many rows are read again and again.</summary>
    public required int HotKeys { get; init; }

    /// <summary>How often a commit is looked for through the cache.</summary>
    public required int Probes { get; init; }

    [JsonIgnore]
    public string OutputFolder { get; init; } = "";
}
