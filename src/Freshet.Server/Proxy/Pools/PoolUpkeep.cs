using System.Diagnostics;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Proxy.Pools;

/// <summary>A pool's time limits, checked ten times a second by each loop for what belongs to it. What is over time is
/// collected under the lock and dealt with after it.</summary>
internal static class PoolUpkeep
{
    public static void Run(Pool pool, EventLoop loop, PoolQueues queues, Lock poolLock)
    {
        PoolSnapshot settings = pool.Settings;
        List<ClientSession>? waitedTooLong = null;
        List<(ServerConnection Server, string Reason)>? close = null;
        List<(ServerConnection Server, string Reason)>? overTime = null;
        lock (poolLock)
        {
            while (
                settings.WaitTimeout > TimeSpan.Zero
                && queues.FirstWaiter(loop.Index) is { } first
                && Stopwatch.GetElapsedTime(first.WaitingSince, loop.Now) > settings.WaitTimeout
            )
            {
                queues.Remove(first);
                (waitedTooLong ??= []).Add(first);
            }

            foreach (ServerConnection server in queues.All)
            {
                if (server.Loop != loop)
                {
                    continue;
                }

                if (server.State == ServerState.Active && ActiveLimit(server, loop, settings) is { } limit)
                {
                    (overTime ??= []).Add((server, limit));
                }
                else if (IdleLimit(server, loop, pool, queues.Servers) is { } reason)
                {
                    (close ??= []).Add((server, reason));
                }
            }

            foreach ((ServerConnection server, _) in close ?? [])
            {
                if (server.State == ServerState.Idle)
                {
                    queues.RemoveIdle(server);
                    server.MoveTo(loop, ServerState.Cleaning);
                }
            }
        }

        foreach (ClientSession client in waitedTooLong ?? [])
        {
            pool.Counters[loop.Index].WaitTimeouts++;
            client.CloseWith(ClientErrors.WaitTimeout(settings.WaitTimeout.TotalSeconds, pool.LastFailure));
        }

        foreach ((ServerConnection server, string reason) in close ?? [])
        {
            if (server.FinishesForNobody)
            {
                pool.CancelQueues.StopBackend(server);
            }

            server.Close(reason);
        }

        overTime?.ForEach(item =>
            item.Server.Client?.CloseWith(
                item.Server.IsRunning ? ClientErrors.TimeLimit(item.Reason) : ClientErrors.IdleTransaction(item.Reason)
            )
        );
    }

    private static string? ActiveLimit(ServerConnection server, EventLoop loop, PoolSnapshot settings)
    {
        if (server.IsRunning)
        {
            return Exceeds(server.QueryStartedAt, loop, settings.QueryTimeout)
                ? "query_timeout: the query ran longer than pool.queryTimeout = "
                    + $"{settings.QueryTimeout.TotalSeconds:0.###} s"
                : null;
        }

        return (server.Status != TransactionStatus.Idle || server.OpenBatch)
            && Exceeds(server.QueryStartedAt, loop, settings.IdleTransactionTimeout)
            ? "idle transaction timeout: no statement for longer than pool.idleTransactionTimeout = "
                + $"{settings.IdleTransactionTimeout.TotalSeconds:0.###} s"
            : null;
    }

    private static string? IdleLimit(ServerConnection server, EventLoop loop, Pool pool, int servers)
    {
        PoolSnapshot settings = pool.Settings;
        return server.State switch
        {
            ServerState.Login when Exceeds(server.CreatedAt, loop, settings.ServerConnectTimeout) =>
                $"connecting to {pool.Database.Host}:{pool.Database.Port} took longer than pool.serverConnectTimeout = "
                    + $"{settings.ServerConnectTimeout.TotalSeconds:0.###} s",
            ServerState.Cleaning
                when server.FinishesForNobody && Exceeds(server.QueryStartedAt, loop, settings.QueryTimeout) =>
                "the query of a client that left ran longer than pool.queryTimeout = "
                    + $"{settings.QueryTimeout.TotalSeconds:0.###} s",
            ServerState.Cleaning
                when server is { FinishesForNobody: false, IsRunning: true }
                    && Exceeds(server.QueryStartedAt, loop, settings.ServerConnectTimeout) =>
                "cleaning it took longer than pool.serverConnectTimeout = "
                    + $"{settings.ServerConnectTimeout.TotalSeconds:0.###} s",
            ServerState.Idle when server.Generation != pool.Generation => "the database's address changed",
            ServerState.Idle when server.Membership is { IsOutdated: true } old => $"it leads to {old.Identity}",
            ServerState.Idle when Exceeds(server.CreatedAt, loop, settings.ServerLifetime) => "server lifetime over",
            ServerState.Idle
                when servers > settings.MinSize && Exceeds(server.IdleSince, loop, settings.ServerIdleTimeout) =>
                "server idle timeout",
            ServerState.Idle when servers > settings.Size + settings.ReserveSize => "the pool became smaller",
            _ => null,
        };
    }

    private static bool Exceeds(long since, EventLoop loop, TimeSpan limit) =>
        limit > TimeSpan.Zero && since > 0 && Stopwatch.GetElapsedTime(since, loop.Now) > limit;
}
