using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Servers;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Relay;

/// <summary>Who is not read for a while is read again, whichever of several reasons ends last.</summary>
public sealed class BackpressureTests : IDisposable
{
    private readonly ProxyScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void A_client_is_read_again_when_its_barrier_outlasts_the_servers_backlog()
    {
        (ClientSession client, ServerConnection server) = _scene.NewPair();
        FillSocket(server);
        _scene.ClientSends(Message(FrontendMessage.Query, "discard all /*" + new string(' ', 60_000) + "*/"));
        client.OnReady(client.Loop, Native.EpollIn);
        Assert.True(server.Transport!.HasBacklog);
        Assert.True(client.Relay.IsHeld);
        Assert.False(client.Transport.IsReading);

        _scene.Collect();
        server.OnReady(server.Loop, Native.EpollOut);
        Assert.False(server.Transport.HasBacklog);
        _scene.ServerSends(
            [
                .. Message(BackendMessage.CommandComplete, "DISCARD ALL"),
                BackendMessage.ReadyForQuery, 0, 0, 0, 5, (byte)'I',
            ]);
        server.OnReady(server.Loop, Native.EpollIn);
        Assert.False(client.Relay.IsHeld);
        Assert.True(client.Transport.IsReading);
    }

    /// <summary>Leaves no room for more than a few bytes, and nothing waiting.</summary>
    private void FillSocket(ServerConnection server)
    {
        byte[] junk = new byte[4096];
        while (!server.Transport!.HasBacklog)
        {
            Assert.True(server.Transport.Send(junk));
        }

        while (server.Transport.HasBacklog)
        {
            _scene.ServerReads(junk.Length);
            Assert.True(server.Transport.FlushBacklog());
        }
    }

    private static byte[] Message(byte type, string text) =>
        new MessageWriter().Begin(type).CString(System.Text.Encoding.ASCII.GetBytes(text)).End().ToArray();
}
