using System.Diagnostics;
using Freshet.Core.Cache;
using Freshet.Core.Consistency;
using Freshet.Core.Policy;

namespace Freshet.Server.Proxy.Caching;

/// <summary>Session and strict mode: a result is served while nothing that it depends on has changed up to the stream's
/// position, and when that position is at least what the client has seen. One for each loop, used on its thread.
/// </summary>
internal sealed class VersionJudge(LoopCache loop)
{
    private readonly DependencyReader _dependencies = new();

    /// <summary>The stream was seen to have caught up with the database not long ago. While it lags, nothing is served
    /// and nobody waits for it.</summary>
    public static bool IsCaughtUp(DatabaseCache database, long now) =>
        database.Freshness.IsLive
        && Stopwatch.GetElapsedTime(database.Freshness.Pulses.CaughtUpAt, now) <= database.Settings.MaxStaleness;

    /// <summary>The state that it was made on is the state at the stream's position, that position is recent, and it
    /// is at least what this client has seen.</summary>
    public Usability Judge(
        ClientCache cache, CacheMode mode, CachedStatement statement, in ClientBatch batch, ReadOnlySpan<byte> content,
        in ResultHeader header)
    {
        Freshness freshness = cache.Database.Freshness;
        if (mode == CacheMode.Strict && cache.RequestTicket == 0)
        {
            cache.RequestTicket = freshness.Pulses.Next;
        }

        var stamp = new ResultStamp(header.Version, header.SchemaVersion, header.Epoch);
        ReadOnlySpan<VersionCell> cells = _dependencies.Read(statement, batch, content);
        if (!freshness.IsCurrent(stamp, cells, out Lsn position)
            || !IsCaughtUp(cache.Database, loop.Loop.Now))
        {
            return Usability.No;
        }

        long ticket = cache.NeededTicket;
        if (ticket == 0 || (freshness.Failpoints & ConsistencyFailpoints.NoFloor) != 0)
        {
            return Usability.Yes;
        }

        if (freshness.Pulses.TryGetFloor(ticket, out Lsn floor) && position >= floor)
        {
            cache.ClearFloor();
            return Usability.Yes;
        }

        return WaitForFloor(cache, freshness, ticket);
    }

    private Usability WaitForFloor(ClientCache cache, Freshness freshness, long ticket)
    {
        CacheCounters counters = cache.Database.Counters[loop.Loop.Index];
        counters.FloorWaits++;
        freshness.Pulses.Want(ticket, urgent: true);
        long limit = (long)(loop.Directory.Settings.FloorWait.TotalSeconds * Stopwatch.Frequency);
        loop.Hold(cache, Stopwatch.GetTimestamp() + limit, awaited: null);
        return Usability.Later;
    }
}
