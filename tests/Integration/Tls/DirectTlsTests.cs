using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Tls;

/// <summary>TLS from the first byte, as libpq's <c>sslnegotiation=direct</c>.</summary>
/// <param name="server">Behind the proxy.</param>
[Collection(nameof(SecuredServerCollection))]
public sealed class DirectTlsTests(SecuredServer server)
{
    [Theory]
    [InlineData("prefer")]
    [InlineData("require")]
    public async Task A_client_that_names_the_protocol_is_served(string mode)
    {
        await using var scene = await TlsScene.ForClientsAsync(server, mode);
        using var client = TlsWireClient.ConnectDirectly(scene.Proxy.Port, "postgresql");
        Assert.Equal(new SslApplicationProtocol("postgresql"), client.Protocol);
        client.Login("alice", SecuredServer.Database);
        client.Send(Frontend.Query("select current_user"));
        Assert.Equal("trust_user", client.ReadUntil('D').Row()[0]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("http/1.1")]
    public async Task A_client_that_does_not_name_the_protocol_is_refused(string protocol)
    {
        await using var scene = await TlsScene.ForClientsAsync(server, "prefer");
        var protocols = protocol.Length is 0 ? Array.Empty<string>() : [protocol];
        AssertRefused(() =>
        {
            using var client = TlsWireClient.ConnectDirectly(scene.Proxy.Port, protocols);
            // With TLS 1.3 the client is done before the server has judged.
            client.Login("alice", SecuredServer.Database);
        });
        (await scene.PsqlAsync("alice", null, more: "sslmode=require")).AssertSays("trust_user");
    }

    [Fact]
    public async Task Without_a_certificate_there_is_no_direct_TLS()
    {
        await using var scene = await TlsScene.ForClientsAsync(server, "disable");
        AssertRefused(() => TlsWireClient.ConnectDirectly(scene.Proxy.Port, "postgresql").Dispose());
        (await scene.PsqlAsync("alice", null)).AssertSays("trust_user");
    }

    [Fact]
    public async Task An_SSLRequest_inside_TLS_is_a_protocol_violation()
    {
        await using var scene = await TlsScene.ForClientsAsync(server, "prefer");
        using var client = TlsWireClient.ConnectDirectly(scene.Proxy.Port, "postgresql");
        client.Send(Frontend.SslRequest());
        Assert.Equal("08P01", client.ReadUntil('E').Field('C'));
        Assert.True(client.IsClosed());
    }

    [Fact]
    public async Task Bytes_stuffed_behind_an_SSLRequest_are_never_taken_for_encrypted_ones()
    {
        await using var scene = await TlsScene.ForClientsAsync(server, "require");
        using var client = WireClient.Connect("127.0.0.1", scene.Proxy.Port);
        client.Send(
            Frontend.SslRequest(),
            Frontend.StartupMessage(Frontend.Version30, ("user", "alice"), ("database", SecuredServer.Database)));
        Assert.Equal("08P01", client.ReadUntil('E').Field('C'));
        Assert.Null(client.TryRead());
    }

    private static void AssertRefused(Action attempt)
    {
        var refused = Assert.ThrowsAny<Exception>(attempt);
        Assert.True(refused is AuthenticationException or IOException or SocketException, refused.ToString());
        Assert.IsNotType<TimeoutException>(refused.InnerException);
    }
}
