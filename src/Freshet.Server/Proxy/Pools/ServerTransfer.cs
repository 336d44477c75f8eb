using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Servers;

namespace Freshet.Server.Proxy.Pools;

/// <summary>Takes server connections from one loop to another: out of one epoll, owner and state changed, into the
/// other, in this order. The caller has taken the connection out of the pool's lists, so nobody else sees it.</summary>
internal static class ServerTransfer
{
    // Closures stand in methods of their own: the compiler makes them on entry, whether they are needed or not.
    public static void Discard(ServerConnection server)
    {
        server.MoveTo(server.Loop, ServerState.Cleaning);
        server.Loop.Post(() => server.Close("the server closed an idle connection"));
    }

    public static void Move(ServerConnection server, EventLoop loop)
    {
        if (server.Loop == loop)
        {
            server.MoveTo(loop, ServerState.Active);
            return;
        }

        server.Transport!.Leave();
        server.MoveTo(loop, ServerState.Active);
        server.Transport.Join(loop, server.PollId, Native.EpollIn);
    }

    public static void HandOver(ServerConnection server, ClientSession waiter)
    {
        if (waiter.Loop == server.Loop)
        {
            server.MoveTo(waiter.Loop, ServerState.Active);
            waiter.OnAssigned(server);
            return;
        }

        HandOverToOtherLoop(server, waiter);
    }

    private static void HandOverToOtherLoop(ServerConnection server, ClientSession waiter)
    {
        server.Transport!.Leave();
        server.MoveTo(waiter.Loop, ServerState.Active);
        waiter.Loop.Post(() =>
        {
            server.Transport.Join(waiter.Loop, server.PollId, Native.EpollIn);
            waiter.OnAssigned(server);
        });
    }
}
