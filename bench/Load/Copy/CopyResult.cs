using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Copy;

internal sealed record CopyResult
{
    public required MachineDescription Machine { get; init; }
    public required CopyOptions Settings { get; init; }
    public required IReadOnlyList<CopyRun> Runs { get; init; }
}

internal sealed record CopyRun
{
    public required string Party { get; init; }

    /// <summary><c>out</c> (TO STDOUT) or <c>in</c> (FROM STDIN).</summary>
    public required string Direction { get; init; }
    public required int Round { get; init; }

    /// <summary>Why there are no numbers; null when there are.</summary>
    public string? Failure { get; init; }
    public double? MegabytesPerSecond { get; init; }

    /// <summary>Highest resident memory of the pooler during the copy, less that just before it.</summary>
    public long? ResidentGrowthBytes { get; init; }
    public double? CpuMillisecondsPerMegabyte { get; init; }
}
