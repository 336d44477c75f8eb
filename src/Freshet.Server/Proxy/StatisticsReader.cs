using System.Collections.Immutable;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Proxy;

/// <summary>Adds up the counters of all loops.</summary>
internal static class StatisticsReader
{
    public static ProxyStatistics Read(ProxyState proxy)
    {
        ClientSession[] clients = [.. proxy.Table.All().OfType<ClientSession>()];
        ILookup<Pool?, ClientSession> byPool = clients.ToLookup(client => client.Pool);
        ImmutableArray<PoolStatistics> pools = [.. proxy.Pools.All.Select(pool => Read(pool, byPool[pool]))];
        ProxyCounters counters = proxy.Counters;
        return new ProxyStatistics
        {
            Pools = pools,
            Caches = [.. proxy.Cache.Databases.Select(CacheStatisticsReader.Read)],
            CacheBytes = proxy.Cache.Store.Bytes,
            CacheMaxBytes = proxy.Cache.Store.MostBytes,
            CacheEntries = proxy.Cache.Store.Count,
            CacheEvictions = proxy.Cache.Store.Evicted,
            CacheFlights = proxy.Cache.Flights.Count,
            Clients = (int)Interlocked.Read(ref counters.Clients),
            Servers = pools.Sum(pool => pool.ServersActive + pool.ServersIdle + pool.ServersLogin + pool.ServersTested),
            Loops = proxy.Loops.Length,
            ClientsAccepted = Interlocked.Read(ref counters.ClientsAccepted),
            ClientsRefused = Interlocked.Read(ref counters.ClientsRefused),
            LoginFailures = Interlocked.Read(ref counters.LoginFailures),
            ProtocolErrors = Interlocked.Read(ref counters.ProtocolErrors),
            CancelRequests = Interlocked.Read(ref counters.CancelRequests),
            CancelsWaiting = proxy.CancelQueues.Waiting,
            CancelsDropped = Interlocked.Read(ref counters.CancelsDropped),
            BrokenInvariants = proxy.Loops.Sum(loop => loop.BrokenInvariants),
            LoopAllocatedBytes = proxy.Loops.Sum(loop => loop.AllocatedBytes),
            BufferBytesLent = proxy.Loops.Sum(loop => loop.Buffers.LentBytes),
            SharedStatements = proxy.Statements.Count,
            SharedStatementBytes = proxy.Statements.Bytes,
            Draining = proxy.Draining,
        };
    }

    private static PoolStatistics Read(Pool pool, IEnumerable<ClientSession> clients)
    {
        PoolCensus census = pool.TakeCensus();
        PoolCounters[] counters = pool.Counters;
        return new PoolStatistics
        {
            Database = pool.DatabaseName,
            User = pool.UserName,
            Mode = pool.Mode.ToString().ToLowerInvariant(),
            MaxServers = pool.Settings.Size,
            ClientsActive = Math.Max(0, pool.Clients - census.Waiting),
            ClientsWaiting = census.Waiting,
            ServersActive = census.Active,
            ServersIdle = census.Idle,
            ServersLogin = census.Login,
            ServersTested = census.Cleaning,
            MaxWaitMicroseconds = PoolCounters.Microseconds(census.OldestWait),
            Transactions = counters.Sum(c => c.Transactions),
            Queries = counters.Sum(c => c.Queries),
            BytesReceived = counters.Sum(c => c.BytesFromClients),
            BytesSent = counters.Sum(c => c.BytesFromServers),
            TransactionMicroseconds = counters.Sum(c => c.TransactionMicroseconds),
            QueryMicroseconds = counters.Sum(c => c.QueryMicroseconds),
            WaitMicroseconds = counters.Sum(c => c.WaitMicroseconds),
            ServerConnects = counters.Sum(c => c.ServerConnects),
            ServerConnectFailures = counters.Sum(c => c.ServerConnectFailures),
            LastFailure = pool.LastFailure,
            WaitTimeouts = counters.Sum(c => c.WaitTimeouts),
            Errors = counters.Sum(c => c.Errors),
            ClientParses = counters.Sum(c => c.ClientParses),
            ServerParses = counters.Sum(c => c.ServerParses),
            Binds = counters.Sum(c => c.Binds),
            PinnedSessions = CountPinned(clients),
            Pins = CountPins(counters),
            QueryHistogram = Add(counters.Select(c => c.QueryHistogram)),
            WaitHistogram = Add(counters.Select(c => c.WaitHistogram)),
        };
    }

    private static ImmutableDictionary<string, long> CountPinned(IEnumerable<ClientSession> clients)
    {
        PinReasons[] pinned = [.. clients.Select(client => client.State.Pins).Where(pins => pins != PinReasons.None)];
        return PinReasonNames.All
            .Select(reason => KeyValuePair.Create(reason.Name, pinned.LongCount(pins => (pins & reason.Reason) != 0)))
            .Where(count => count.Value > 0)
            .ToImmutableDictionary(StringComparer.Ordinal);
    }

    private static ImmutableDictionary<string, long> CountPins(PoolCounters[] counters) =>
        PinReasonNames.All
            .Select((reason, index) => KeyValuePair.Create(reason.Name, counters.Sum(c => c.Pins[index])))
            .Where(count => count.Value > 0)
            .ToImmutableDictionary(StringComparer.Ordinal);

    private static ImmutableArray<long> Add(IEnumerable<long[]> histograms)
    {
        long[] sum = new long[PoolStatistics.LatencyBuckets.Length + 1];
        foreach (long[] histogram in histograms)
        {
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += histogram[i];
            }
        }

        return [.. sum];
    }
}
