using Freshet.Server.Proxy.Servers;

namespace Freshet.Server.Proxy.Clients;

/// <summary>Asks a server connection that was idle for long whether it still works, before the client's first byte
/// goes to it.</summary>
internal sealed class CheckServer(ClientSession client, string query) : ServerOperation
{
    public override string Sql => query;

    public override void Completed(ServerConnection server)
    {
        if (Error is not null)
        {
            client.Link.Retry(server);
        }
        else
        {
            client.Link.EndHold();
        }
    }
}
