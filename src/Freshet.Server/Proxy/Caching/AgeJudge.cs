using System.Diagnostics;
using Freshet.Core.Cache;
using Freshet.Core.Policy;

namespace Freshet.Server.Proxy.Caching;

/// <summary>Bounded mode: a result is served by its age, renewed behind the client's back, and where the policy allows
/// stands in for a database that fails or is slow. One for each loop, used on its thread.</summary>
internal sealed class AgeJudge(LoopCache loop)
{
    /// <summary>A database that takes longer to renew a result is bridged by the old one, where that is allowed.
    /// </summary>
    private static readonly long SlowDatabase = Stopwatch.Frequency;

    /// <summary>Until a renewal's query is under way.</summary>
    private static readonly long RenewalStart = Stopwatch.Frequency / 1000;

    public Usability Judge(
        ClientCache cache, ResultPolicy policy, in ClientBatch batch, ReadOnlySpan<byte> content, ulong hash,
        in ResultHeader header)
    {
        if (header.SchemaVersion != cache.Database.Freshness.SchemaVersion)
        {
            return Usability.No;
        }

        TimeSpan age = Stopwatch.GetElapsedTime(header.StoredAt, cache.Client.Loop.Now);
        if (age <= policy.MaxAge)
        {
            if (policy.RefreshAhead > TimeSpan.Zero && age > policy.MaxAge - policy.RefreshAhead)
            {
                loop.Renewal.TryBegin(cache.Client, batch, content, hash); // without it the entry runs out, no more
            }

            return Usability.Yes;
        }

        CacheCounters counters = cache.Database.Counters[loop.Loop.Index];
        if (age <= policy.MaxAge + policy.StaleWhileRevalidate
            && loop.Renewal.TryBegin(cache.Client, batch, content, hash))
        {
            counters.ServedStale++;
            return Usability.Yes;
        }

        return age <= policy.MaxAge + policy.StaleIfError ? Bridge(cache, batch, content, hash) : Usability.No;
    }

    /// <summary>The old result may stand in: when the server cannot be reached, or does not answer in time.</summary>
    private Usability Bridge(ClientCache cache, in ClientBatch batch, ReadOnlySpan<byte> content, ulong hash)
    {
        long now = Stopwatch.GetTimestamp();
        if (cache.Client.Pool!.LastFailure is not null || (cache.BridgeBy != 0 && now > cache.BridgeBy))
        {
            cache.Database.Counters[loop.Loop.Index].ServedOnError++;
            return Usability.Yes;
        }

        if (!loop.Renewal.TryBegin(cache.Client, batch, content, hash))
        {
            return Usability.No;
        }

        cache.BridgeBy = cache.BridgeBy == 0 ? now + SlowDatabase : cache.BridgeBy;
        Fill? flight = loop.Directory.Flights.Find(hash);
        bool awaits = flight is not null && flight.TryAwait(cache);
        long again = awaits ? cache.BridgeBy : Math.Min(cache.BridgeBy, now + RenewalStart);
        loop.Hold(cache, again, awaits ? flight : null);
        return Usability.Later;
    }
}
