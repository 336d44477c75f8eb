using Freshet.Core.Wire;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Clients;

/// <summary>Puts a session's settings in force on a server connection that had others. The client's statement is sent
/// only after that worked: it must never run under somebody else's search_path.</summary>
internal sealed class ApplySettings(ClientSession client, SettingsSet present) : ServerOperation
{
    public override string Sql => client.State.Settings.SqlFrom(present);

    public override void Completed(ServerConnection server)
    {
        if (Error is not null)
        {
            // What was applied before the error is unknown, so the connection is of no further use.
            ErrorFields error = ErrorFields.Read(Error);
            server.Client = null;
            client.Link.Lost();
            server.Close("settings of a session could not be applied");
            if (client.IsLoggingIn)
            {
                client.CloseWith(ClientErrors.ServerError(error));
            }
            else
            {
                client.Relay.Local.Reject(ClientErrors.SettingsRefused(error));
                client.Resume();
            }

            return;
        }

        server.Settings = client.State.Settings;
        client.Link.EndHold();
    }
}
