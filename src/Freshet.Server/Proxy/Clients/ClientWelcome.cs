using System.Text;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Cancel;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Servers;

namespace Freshet.Server.Proxy.Clients;

/// <summary>The end of a login: what a server reports, a number and a key to cancel with, ReadyForQuery.</summary>
internal static class ClientWelcome
{
    /// <summary>What the server connection reports now that the client's start-up settings are in force on it; kept
    /// for the next client with the same ones.</summary>
    public static Welcome Learn(ClientSession client, ServerConnection server)
    {
        var writer = new MessageWriter(1024);
        foreach ((string name, string value) in server.Reported)
        {
            writer
                .Begin(BackendMessage.ParameterStatus)
                .CString(Encoding.Latin1.GetBytes(name))
                .CString(Encoding.Latin1.GetBytes(value))
                .End();
        }

        var welcome = new Welcome(client.State.Settings, writer.ToArray());
        if (!client.KeepsServer)
        {
            client.Pool!.AddWelcome(client.State.Baseline, welcome);
        }

        return welcome;
    }

    /// <param name="client">Authenticated.</param>
    /// <param name="welcome">What to tell it.</param>
    /// <param name="version">The protocol version agreed on: it decides the length of the cancel key.</param>
    public static void Say(ClientSession client, Welcome welcome, int version)
    {
        int? serverProcess = client.KeepsServer ? client.Server?.Identity?.ProcessId : null;
        client.ProcessNumber = serverProcess ?? client.Proxy.Cancels.NextNumber();
        client.CancelKey = CancelDirectory.NewKey(longKey: version >= ProtocolVersion.Version32);
        if (!client.KeepsServer)
        {
            client.State.Settings = client.State.Baseline = welcome.Settings;
        }

        var message = new MessageWriter(welcome.ParameterStatuses.Length + 64);
        message.Begin(BackendMessage.Authentication).Int32(0).End()
            .Bytes(welcome.ParameterStatuses)
            .Begin(BackendMessage.BackendKeyData).Int32(client.ProcessNumber).Bytes(client.CancelKey).End()
            .Begin(BackendMessage.ReadyForQuery).Byte((byte)TransactionStatus.Idle).End();
        client.LoggedIn();
        client.Transport.Send(message.Written);
        client.Resume();
        if (!client.IsClosed && client.Server is not null)
        {
            client.Link.AfterServerRead();
        }
    }
}
