using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Servers;

namespace Freshet.Server.Proxy.Cancel;

/// <summary>
/// What a client wants cancelled, from its request to the moment when the request begins: the query that ran on its
/// server connection when it asked. By then that one may be over, and the connection another client's: the wish is
/// void. A client has one wish waiting at most; asking again while it waits aims it at the query that runs then. On
/// the client's loop.
/// </summary>
internal sealed class CancelWish
{
    private readonly ClientSession _client;
    private ServerConnection _server;
    private long _queryStartedAt;

    private CancelWish(ClientSession client, ServerConnection server)
    {
        _client = client;
        _server = server;
        _queryStartedAt = server.QueryStartedAt;
    }

    /// <summary>The client asked, on another connection, to cancel its query.</summary>
    public static void Make(ClientSession client)
    {
        if (client is not { IsClosed: false, Server: { IsBusy: true } server, Link.IsHeld: false })
        {
            return;
        }

        if (client.CancelWish is { } waiting)
        {
            waiting._server = server;
            waiting._queryStartedAt = server.QueryStartedAt;
            return;
        }

        var wish = new CancelWish(client, server);
        client.CancelWish = wish;
        if (!client.Proxy.CancelQueues.For(server.Pool).Enter(client.Loop, wish.TryBegin))
        {
            client.CancelWish = null;
        }
    }

    private bool TryBegin(Action done)
    {
        _client.CancelWish = null;

        // Only while it is this client's, its fields are this loop's to read.
        if (_client.IsClosed || _client.Link.IsHeld || _client.Server != _server
            || !_server.IsBusy || _server.QueryStartedAt != _queryStartedAt)
        {
            return false;
        }

        ServerConnection server = _server;
        server.CancelsUnderWay++;
        new CancelRequest(server).Send(() =>
        {
            ServerLink.OnCancelDone(server);
            done();
        });
        return true;
    }
}
