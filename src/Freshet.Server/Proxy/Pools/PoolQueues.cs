using System.Diagnostics;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Pools;

/// <summary>The lists of one pool: idle connections and waiting clients per loop, and all connections. Everything
/// here is called under the pool's lock.</summary>
internal sealed class PoolQueues
{
    private readonly List<ServerConnection>[] _idle;
    private readonly LinkedList<ClientSession>[] _waiting;
    private readonly HashSet<ServerConnection> _all = [];

    public PoolQueues(int loops)
    {
        _idle = new List<ServerConnection>[loops];
        _waiting = new LinkedList<ClientSession>[loops];
        for (int i = 0; i < loops; i++)
        {
            _idle[i] = [];
            _waiting[i] = [];
        }
    }

    public int Servers => _all.Count;

    public HashSet<ServerConnection> All => _all;

    /// <summary>Counted without LINQ: asked whenever a client has to wait.</summary>
    public int Waiting
    {
        get
        {
            int waiting = 0;
            foreach (LinkedList<ClientSession> queue in _waiting)
            {
                waiting += queue.Count;
            }

            return waiting;
        }
    }

    /// <summary>It is being opened for whoever waits; a replication client's is that client's alone.</summary>
    public static bool IsComing(ServerConnection server) =>
        server is { State: ServerState.Login, Replication: null };

    /// <summary>Connections that are being opened.</summary>
    public int LoggingIn
    {
        get
        {
            int count = 0;
            foreach (ServerConnection server in _all)
            {
                count += IsComing(server) ? 1 : 0;
            }

            return count;
        }
    }

    public bool HasWaiters(int loop) => _waiting[loop].Count > 0;

    public void Enqueue(ClientSession client)
    {
        client.WaitingSince = client.Loop.Now;
        client.WaitNode ??= new LinkedListNode<ClientSession>(client);
        _waiting[client.Loop.Index].AddLast(client.WaitNode);
    }

    /// <summary>It keeps its place: nobody has waited longer.</summary>
    public void PutBack(ClientSession client) => _waiting[client.Loop.Index].AddFirst(client.WaitNode!);

    public bool Remove(ClientSession client)
    {
        if (client.WaitNode?.List is not { } queue)
        {
            return false;
        }

        queue.Remove(client.WaitNode);
        return true;
    }

    public ClientSession? FirstWaiter(int loop) => _waiting[loop].First?.Value;

    public LinkedList<ClientSession> Waiters(int loop) => _waiting[loop];

    /// <summary>Whoever has waited longest comes first.</summary>
    public IEnumerable<ClientSession> WaitersByAge()
    {
        LinkedListNode<ClientSession>?[] next = [.. _waiting.Select(queue => queue.First)];
        while (true)
        {
            int oldest = -1;
            for (int i = 0; i < next.Length; i++)
            {
                if (next[i] is { Value: { } waiter }
                    && (oldest < 0 || waiter.WaitingSince < next[oldest]!.Value.WaitingSince))
                {
                    oldest = i;
                }
            }

            if (oldest < 0)
            {
                yield break;
            }

            yield return next[oldest]!.Value;
            next[oldest] = next[oldest]!.Next;
        }
    }

    public ClientSession? OldestWaiter()
    {
        ClientSession? oldest = null;
        foreach (LinkedList<ClientSession> queue in _waiting)
        {
            if (queue.First?.Value is { } first && (oldest is null || first.WaitingSince < oldest.WaitingSince))
            {
                oldest = first;
            }
        }

        return oldest;
    }

    /// <summary>Takes out the clients that wait in their login: all, or those that need a connection with these
    /// start-up settings.</summary>
    public List<ClientSession> TakeLoggingIn(SettingsSet? startup)
    {
        List<ClientSession> taken =
        [
            .. _waiting.SelectMany(queue => queue).Where(client =>
                client.IsLoggingIn && (startup is null || startup.Equals(client.ServerStartup))),
        ];
        taken.ForEach(client => Remove(client));
        return taken;
    }

    /// <summary>Takes the client to be served next by a connection of <paramref name="loop"/>.</summary>
    public ClientSession? PickWaiter(int loop, long preference)
    {
        ClientSession? best = FirstWaiter(loop);
        for (int other = 0; other < _waiting.Length; other++)
        {
            ClientSession? first = other == loop ? null : FirstWaiter(other);
            if (first is not null && (best is null || first.WaitingSince + preference < best.WaitingSince))
            {
                best = first;
            }
        }

        if (best is not null)
        {
            Remove(best);
        }

        return best;
    }

    public void PushIdle(ServerConnection server) => _idle[server.Loop.Index].Add(server);

    /// <summary>The most recently used one that was opened with these start-up settings, own loop first.</summary>
    public ServerConnection? PopIdle(int loop, SettingsSet startup)
    {
        for (int i = 0; i < _idle.Length; i++)
        {
            List<ServerConnection> idle = _idle[(loop + i) % _idle.Length];
            for (int last = idle.Count - 1; last >= 0; last--)
            {
                ServerConnection server = idle[last];
                if (ReferenceEquals(server.Startup, startup) || server.Startup.Equals(startup))
                {
                    idle.RemoveAt(last);
                    return server;
                }
            }
        }

        return null;
    }

    /// <summary>Any idle one, the longest unused first, whatever its start-up settings: to make room.</summary>
    public ServerConnection? PopOldestIdle()
    {
        List<ServerConnection>? from = null;
        foreach (List<ServerConnection> idle in _idle)
        {
            if (idle.Count > 0 && (from is null || idle[0].IdleSince < from[0].IdleSince))
            {
                from = idle;
            }
        }

        if (from is null)
        {
            return null;
        }

        ServerConnection server = from[0];
        from.RemoveAt(0);
        return server;
    }

    public void RemoveIdle(ServerConnection server) => _idle[server.Loop.Index].Remove(server);

    public void Add(ServerConnection server) => _all.Add(server);

    public void Forget(ServerConnection server)
    {
        _all.Remove(server);
        RemoveIdle(server);
    }

    public PoolCensus TakeCensus()
    {
        int active = 0, idle = 0, login = 0, cleaning = 0;
        foreach (ServerConnection server in _all)
        {
            switch (server.State)
            {
                case ServerState.Active:
                    active++;
                    break;
                case ServerState.Idle:
                    idle++;
                    break;
                case ServerState.Login:
                    login++;
                    break;
                default:
                    cleaning++;
                    break;
            }
        }

        long waited = OldestWaiter() is { } oldest ? Stopwatch.GetTimestamp() - oldest.WaitingSince : 0;
        return new PoolCensus(Waiting, active, idle, login, cleaning, waited);
    }
}
