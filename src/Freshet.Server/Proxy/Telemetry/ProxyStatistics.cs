using System.Collections.Immutable;

namespace Freshet.Server.Proxy.Telemetry;

/// <summary>The data plane as the control plane sees it.</summary>
internal sealed record ProxyStatistics
{
    public required ImmutableArray<PoolStatistics> Pools { get; init; }

    /// <summary>The cached databases.</summary>
    public ImmutableArray<CacheStatistics> Caches { get; init; } = [];

    public long CacheBytes { get; init; }
    public long CacheMaxBytes { get; init; }
    public long CacheEntries { get; init; }
    public long CacheEvictions { get; init; }
    public long CacheFlights { get; init; }
    public required int Clients { get; init; }
    public required int Servers { get; init; }
    public required int Loops { get; init; }
    public long ClientsAccepted { get; init; }
    public long ClientsRefused { get; init; }
    public long LoginFailures { get; init; }
    public long ProtocolErrors { get; init; }
    public long CancelRequests { get; init; }

    /// <summary>Cancel requests that wait for their turn at a server.</summary>
    public int CancelsWaiting { get; init; }

    /// <summary>Not sent to the server: the query was over when its turn came, or too many waited.</summary>
    public long CancelsDropped { get; init; }

    /// <summary>A rule of the code was broken; the connection was dropped. Any value but 0 is a defect.</summary>
    public long BrokenInvariants { get; init; }

    /// <summary>Bytes that the loops' threads have put on the managed heap since the start.</summary>
    public long LoopAllocatedBytes { get; init; }

    /// <summary>Bytes of buffers lent out at this moment; 0 when nothing is in flight.</summary>
    public long BufferBytesLent { get; init; }

    /// <summary>Texts of prepared statements kept for sharing, and their bytes.</summary>
    public long SharedStatements { get; init; }
    public long SharedStatementBytes { get; init; }
    public bool Draining { get; init; }
}
