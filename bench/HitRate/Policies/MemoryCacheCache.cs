using Freshet.Bench.HitRate.Traces;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Internal;

namespace Freshet.Bench.HitRate.Policies;

/// <summary>
/// .NET's MemoryCache with a SizeLimit. When an entry does not fit it is dropped, and a compaction of 5 % is queued on
/// the thread pool, least recently used first. So that runs can be repeated the compaction is done here at once, by
/// <see cref="MemoryCache.Compact"/>, and the clock ticks with each request.
/// </summary>
internal sealed class MemoryCacheCache(long mostBytes) : ICache
{
    private const double CompactionShare = 0.05;

    private readonly RequestClock _clock = new();
    private MemoryCache? _cache;
    private long _bytes;

    public bool Access(in Request request)
    {
        _cache ??= new MemoryCache(new MemoryCacheOptions
        {
            SizeLimit = long.MaxValue, // counted here: its own compaction would run at any time
            Clock = _clock,
            TrackStatistics = true,
        });
        _clock.Tick();
        if (_cache.TryGetValue(request.Key, out _))
        {
            return true;
        }

        _bytes = _cache.GetCurrentStatistics()!.CurrentEstimatedSize!.Value;
        if (_bytes + request.Bytes > mostBytes)
        {
            _cache.Compact(CompactionShare);
            return false;
        }

        _cache.Set(request.Key, request.Key, new MemoryCacheEntryOptions { Size = request.Bytes });
        return false;
    }

    public void Dispose() => _cache?.Dispose();

#pragma warning disable CS0618 // MemoryCacheOptions takes this clock and no other
    private sealed class RequestClock : ISystemClock
#pragma warning restore CS0618
    {
        public DateTimeOffset UtcNow { get; private set; } = DateTimeOffset.UnixEpoch;

        public void Tick() => UtcNow += TimeSpan.FromTicks(10);
    }
}
