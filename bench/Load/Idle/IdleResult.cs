using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Idle;

internal sealed record IdleResult
{
    public required MachineDescription Machine { get; init; }
    public required IdleOptions Settings { get; init; }
    public required IReadOnlyList<IdleRun> Runs { get; init; }
}

/// <summary>One fresh process, one fleet.</summary>
internal sealed record IdleRun
{
    public required string Party { get; init; }
    public required ClientAuth Auth { get; init; }
    public required int Round { get; init; }

    /// <summary>Why there are no numbers; null when there are.</summary>
    public string? Failure { get; init; }

    /// <summary>Of the process with no client, after one login that came and went.</summary>
    public long? EmptyResidentBytes { get; init; }
    public long? FullResidentBytes { get; init; }
    public double? ResidentBytesPerClient { get; init; }
    public double? LoginsPerSecond { get; init; }

    /// <summary>CPU of the pooler.</summary>
    public double? CpuMicrosecondsPerLogin { get; init; }
}
