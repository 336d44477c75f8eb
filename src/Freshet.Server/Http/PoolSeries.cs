using System.Collections.Immutable;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Http;

/// <summary>One pool, or all pools beyond the limit added up, under the names that the labels carry.</summary>
internal sealed record PoolSeries(string Name, string Database, PoolStatistics Statistics)
{
    public const string Other = "other";

    /// <summary>The oldest pools keep their names, so that a series does not change its meaning while it lives.
    /// </summary>
    public static ImmutableArray<PoolSeries> From(ImmutableArray<PoolStatistics> pools, int most)
    {
        var named = pools
            .Take(most)
            .Select(pool => new PoolSeries($"{pool.User}@{pool.Database}", pool.Database, pool));
        return pools.Length <= most
            ? [.. named]
            : [.. named, new PoolSeries(Other, Other, pools.Skip(most).Aggregate(Add))];
    }

    private static PoolStatistics Add(PoolStatistics one, PoolStatistics two) =>
        new()
        {
            Database = Other,
            User = Other,
            Mode = Other,
            MaxServers = one.MaxServers + two.MaxServers,
            ClientsActive = one.ClientsActive + two.ClientsActive,
            ClientsWaiting = one.ClientsWaiting + two.ClientsWaiting,
            ServersActive = one.ServersActive + two.ServersActive,
            ServersIdle = one.ServersIdle + two.ServersIdle,
            ServersLogin = one.ServersLogin + two.ServersLogin,
            ServersTested = one.ServersTested + two.ServersTested,
            MaxWaitMicroseconds = Math.Max(one.MaxWaitMicroseconds, two.MaxWaitMicroseconds),
            Transactions = one.Transactions + two.Transactions,
            Queries = one.Queries + two.Queries,
            BytesReceived = one.BytesReceived + two.BytesReceived,
            BytesSent = one.BytesSent + two.BytesSent,
            TransactionMicroseconds = one.TransactionMicroseconds + two.TransactionMicroseconds,
            QueryMicroseconds = one.QueryMicroseconds + two.QueryMicroseconds,
            WaitMicroseconds = one.WaitMicroseconds + two.WaitMicroseconds,
            ServerConnects = one.ServerConnects + two.ServerConnects,
            ServerConnectFailures = one.ServerConnectFailures + two.ServerConnectFailures,
            WaitTimeouts = one.WaitTimeouts + two.WaitTimeouts,
            Errors = one.Errors + two.Errors,
            ClientParses = one.ClientParses + two.ClientParses,
            ServerParses = one.ServerParses + two.ServerParses,
            Binds = one.Binds + two.Binds,
            PinnedSessions = Add(one.PinnedSessions, two.PinnedSessions),
            Pins = Add(one.Pins, two.Pins),
            QueryHistogram = Add(one.QueryHistogram, two.QueryHistogram),
            WaitHistogram = Add(one.WaitHistogram, two.WaitHistogram),
        };

    private static ImmutableArray<long> Add(ImmutableArray<long> one, ImmutableArray<long> two) =>
        [.. one.Zip(two, (left, right) => left + right)];

    private static ImmutableDictionary<string, long> Add(
        ImmutableDictionary<string, long> one,
        ImmutableDictionary<string, long> two
    ) =>
        one.SetItems(two.Select(pair => KeyValuePair.Create(pair.Key, pair.Value + one.GetValueOrDefault(pair.Key))));
}
