namespace Freshet.Core.Wire;

/// <summary>Caps on what a peer may announce. Each says whose limit it is.</summary>
internal static class WireLimits
{
    /// <summary>Type byte and length.</summary>
    public const int HeaderBytes = 5;

    /// <summary>PostgreSQL's <c>MAX_STARTUP_PACKET_LENGTH</c>.</summary>
    public const int StartupPacketBytes = 10_000;

    /// <summary>PostgreSQL's <c>PQ_LARGE_MESSAGE_LIMIT</c> (MaxAllocSize - 1): queries, rows, copy data.</summary>
    public const int LargeMessageBytes = 0x3fffffff - 1;

    /// <summary>PostgreSQL's <c>PQ_SMALL_MESSAGE_LIMIT</c>: Close, Describe, Execute, Flush, Sync and the like.
    /// </summary>
    public const int SmallMessageBytes = 10_000;

    /// <summary>PostgreSQL's cap on an authentication message (<c>PG_MAX_AUTH_TOKEN_LENGTH</c>).</summary>
    public const int AuthMessageBytes = 65_535;

    /// <summary>Cancel keys: 4 bytes in protocol 3.0, 4 to 256 in 3.2.</summary>
    public const int LongestCancelKey = 256;
}
