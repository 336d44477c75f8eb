namespace Freshet.Bench.Load.Rig;

/// <summary>One way to the database that takes part in the comparison.</summary>
internal sealed record Party
{
    /// <summary><c>direct</c>, <c>pgbouncer</c>, <c>pgbouncer-session</c>, <c>freshet</c>, <c>freshet-2</c>.</summary>
    public required string Name { get; init; }

    public required int Port { get; init; }

    /// <summary>The pooler whose CPU and memory are measured; null for the direct way.</summary>
    public int? ProcessId { get; init; }

    /// <summary>Where the process tells how many bytes it has allocated; null when it does not.</summary>
    public Uri? Metrics { get; init; }
}
