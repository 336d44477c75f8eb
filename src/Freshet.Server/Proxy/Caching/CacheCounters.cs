namespace Freshet.Server.Proxy.Caching;

/// <summary>One database's cache counters on one loop: written by that loop only, read by anybody.</summary>
internal sealed class CacheCounters
{
    /// <summary>Requests by <see cref="CacheResult"/>.</summary>
    public readonly long[] Requests = new long[(int)CacheResult.Volatile + 1];

    /// <summary>Results published.</summary>
    public long Stored;

    /// <summary>Results not published: a table changed meanwhile or was not confirmed, the stream broke, no room.
    /// </summary>
    public long Overtaken, Unconfirmed, Refused;

    /// <summary>Hits that waited for their floor; those that waited in vain and went past the cache.</summary>
    public long FloorWaits, FloorTimeouts;

    /// <summary>Requests that waited for the same query of another client.</summary>
    public long Joined;

    /// <summary>Hits served beyond their maximum age: while being renewed; because the database does not answer.
    /// </summary>
    public long ServedStale, ServedOnError;

    /// <summary>Queries that the proxy ran itself to renew a result.</summary>
    public long Renewals;

    /// <summary>Hits run again and compared; those that differed.</summary>
    public long Verified, Mismatches;

    /// <summary>Database time that hits saved: what each result's query took.</summary>
    public long SavedMicroseconds;

    public void Count(CacheResult result) => Requests[(int)result]++;
}
