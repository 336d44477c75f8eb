using System.Text.Json.Serialization;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Idle;

internal sealed record IdleOptions
{
    public required RigOptions Rig { get; init; }
    public required int Clients { get; init; }
    public required IReadOnlyList<ClientAuth> Auth { get; init; }
    public required int Rounds { get; init; }

    [JsonIgnore]
    public string OutputFolder { get; init; } = "";
}
