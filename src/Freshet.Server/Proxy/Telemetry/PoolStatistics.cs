using System.Collections.Immutable;

namespace Freshet.Server.Proxy.Telemetry;

/// <summary>One pool's counters and gauges, read without stopping the loops: each number is exact, the set is not
/// one instant. Times are totals in microseconds.</summary>
internal sealed record PoolStatistics
{
    public required string Database { get; init; }
    public required string User { get; init; }
    public required string Mode { get; init; }
    public required int MaxServers { get; init; }

    /// <summary>Clients linked to a server or idle with nothing to ask.</summary>
    public int ClientsActive { get; init; }
    public int ClientsWaiting { get; init; }
    public int ServersActive { get; init; }
    public int ServersIdle { get; init; }

    /// <summary>Connecting or logging in.</summary>
    public int ServersLogin { get; init; }

    /// <summary>Being reset, checked or probed by the proxy itself.</summary>
    public int ServersTested { get; init; }

    /// <summary>Age of the oldest waiting client, microseconds.</summary>
    public long MaxWaitMicroseconds { get; init; }

    public long Transactions { get; init; }
    public long Queries { get; init; }
    public long BytesReceived { get; init; }
    public long BytesSent { get; init; }

    /// <summary>From handing a transaction's first query to the server to the end of its last answer.</summary>
    public long TransactionMicroseconds { get; init; }

    /// <summary>From handing a query to the server to the end of its answer; the wait before it is
    /// <see cref="WaitMicroseconds"/>.</summary>
    public long QueryMicroseconds { get; init; }
    public long WaitMicroseconds { get; init; }
    public long ServerConnects { get; init; }
    public long ServerConnectFailures { get; init; }

    /// <summary>Why the last login at the server failed; null after a success.</summary>
    public string? LastFailure { get; init; }
    public long WaitTimeouts { get; init; }
    public long Errors { get; init; }
    public long ClientParses { get; init; }
    public long ServerParses { get; init; }
    public long Binds { get; init; }

    /// <summary>Sessions pinned now, by reason (<c>listen</c>, <c>temp_table</c>, <c>advisory_lock</c>, …).</summary>
    public required ImmutableDictionary<string, long> PinnedSessions { get; init; }

    /// <summary>Pins since the start, by reason.</summary>
    public required ImmutableDictionary<string, long> Pins { get; init; }

    /// <summary>Query time, counts per bucket of <see cref="LatencyBuckets"/>, not cumulative, last = above.</summary>
    public required ImmutableArray<long> QueryHistogram { get; init; }

    /// <summary>Wait for a server connection, same buckets.</summary>
    public required ImmutableArray<long> WaitHistogram { get; init; }

    /// <summary>Upper bounds in microseconds, 50 µs to 10 s.</summary>
    public static readonly ImmutableArray<long> LatencyBuckets =
    [
        50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
        2_500_000, 5_000_000, 10_000_000,
    ];
}
