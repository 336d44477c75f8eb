namespace Freshet.Bench.Load.Rig;

/// <summary>One way to the database that takes part in the comparison.</summary>
internal sealed record Party
{
    /// <summary>What the results call it: <c>direct</c>, <c>pgbouncer</c>, <c>freshet</c>, <c>cached</c>, …</summary>
    public required string Name { get; init; }

    public required int Port { get; init; }

    /// <summary>The pooler whose CPU and memory are measured; null for the direct way.</summary>
    public int? ProcessId { get; init; }

    /// <summary>The processes that it has forked do the work and count. False for those that are one process.</summary>
    public bool HasChildProcesses { get; init; }

    /// <summary>Where the process tells how many bytes it has allocated; null when it does not.</summary>
    public Uri? Metrics { get; init; }
}
