namespace Freshet.Server.Proxy.Settings;

/// <summary>The limits of the cache of the whole process.</summary>
internal sealed record CacheSnapshot
{
    /// <summary>All memory that results, their keys and the index may take, bytes. Default 256 MiB.</summary>
    public long SizeBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Longest result that is stored, bytes. Default 1 MiB; a result a 64th of the cache is stored in any
    /// case no longer than that.</summary>
    public int MaxResultBytes { get; init; } = 1024 * 1024;

    /// <summary>How long a hit waits for the stream to come as far as its session has seen; then it goes past the
    /// cache. 5 ms: several round trips to the server.</summary>
    public TimeSpan FloorWait { get; init; } = TimeSpan.FromMilliseconds(5);
}
