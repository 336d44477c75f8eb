using System.Text.Json.Serialization;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Pooling;

internal sealed record PoolingOptions
{
    public required RigOptions Rig { get; init; }

    public required IReadOnlyList<string> Protocols { get; init; }

    public required IReadOnlyList<int> Clients { get; init; }

    /// <summary>Without TLS, with it, or both.</summary>
    public required IReadOnlyList<bool> Tls { get; init; }

    public required ClientAuth Auth { get; init; }

    public required int Rounds { get; init; }

    /// <summary>In how many of the rounds the direct way is measured too: it is a reference, not a bar.</summary>
    public required int DirectRounds { get; init; }

    /// <summary>The measured window of each run, after one second of warming up.</summary>
    public required int Seconds { get; init; }

    /// <summary>Share of transactions whose latency pgbench writes down.</summary>
    public required double SamplingRate { get; init; }

    /// <summary>pgbench's <c>-j</c>.</summary>
    public required int Jobs { get; init; }

    [JsonIgnore]
    public string OutputFolder { get; init; } = "";

    public IEnumerable<Cell> Cells =>
        from tls in Tls
        from protocol in Protocols
        from clients in Clients
        select new Cell(protocol, clients, tls);
}
