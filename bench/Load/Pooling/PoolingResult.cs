using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Pooling;

internal sealed record PoolingResult
{
    public required MachineDescription Machine { get; init; }
    public required PoolingOptions Settings { get; init; }
    public required IReadOnlyList<CellResult> Cells { get; init; }
}
