using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Tls;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Tls;

[Collection("TLS")]
public sealed class TlsHandshakeTests(TlsTestCertificates certificates)
{
    private static readonly SslApplicationProtocol s_postgres = new("postgresql");

    [Fact]
    public void Both_our_sides_agree_step_by_step()
    {
        using var pair = new TlsSocketPair();
        using var clients = TlsContext.ForClients(certificates.Clients());
        using var servers = TlsContext.ForServers(certificates.Servers(TlsMode.VerifyFull, trust: true));
        using TlsSession accepted = clients.CreateForClient(pair.LeftDescriptor, directTls: true);
        using TlsSession connected = servers.CreateForServer(pair.RightDescriptor, TlsTestCertificates.Host);

        Assert.Equal(TlsStatus.WantRead, accepted.Handshake());
        Assert.Equal(TlsStatus.WantRead, connected.Handshake());
        Assert.False(accepted.IsHandshakeDone);
        Assert.Equal((TlsStatus.Done, TlsStatus.Done), TlsSocketPair.Shake(accepted, connected));

        Assert.Equal("TLSv1.3", accepted.Protocol);
        Assert.Equal(accepted.Cipher, connected.Cipher);
        Assert.StartsWith("TLS_", accepted.Cipher, StringComparison.Ordinal);
        Assert.Equal("postgresql", accepted.ApplicationProtocol);
        Assert.Equal("postgresql", connected.ApplicationProtocol);
        Assert.Equal(TlsTestCertificates.Host, connected.PeerCommonName);
        Assert.Null(accepted.PeerCommonName);
        Assert.Equal(accepted.ChannelBindingData, connected.ChannelBindingData);
        Assert.False(accepted.HasPending);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_foreign_client_gets_through(SslProtocols protocol)
    {
        using var pair = new TlsSocketPair();
        using var context = TlsContext.ForClients(certificates.Clients());
        using TlsSession session = context.CreateForClient(pair.LeftDescriptor, directTls: false);
        await using SslStream peer = Peer(pair);
        Task authentication = peer.AuthenticateAsClientAsync(Options(protocol));

        Assert.Equal(TlsStatus.Done, TlsSocketPair.Shake(session, pair.Left));
        await authentication;
        Assert.Equal(protocol, peer.SslProtocol);
        Assert.Null(session.ApplicationProtocol);
        await ExchangeAsync(session, pair.Left, peer);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_foreign_server_that_sends_tickets_gets_through(SslProtocols protocol)
    {
        using var pair = new TlsSocketPair();
        using var context = TlsContext.ForServers(certificates.Servers(TlsMode.VerifyFull, trust: true));
        using TlsSession session = context.CreateForServer(pair.LeftDescriptor, TlsTestCertificates.Host);
        await using SslStream peer = Peer(pair);
        using var certificate = certificates.Load("server");
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificate = certificate,
            EnabledSslProtocols = protocol,
            ApplicationProtocols = [s_postgres],
            AllowTlsResume = true,
        };
        Task authentication = peer.AuthenticateAsServerAsync(options);

        Assert.Equal(TlsStatus.Done, TlsSocketPair.Shake(session, pair.Left));
        await authentication;
        Assert.Equal(s_postgres, peer.NegotiatedApplicationProtocol);
        Assert.Equal(TlsTestCertificates.Host, peer.TargetHostName);
        Assert.Equal(TlsStatus.WantRead, session.Read(new byte[10], out int count));
        Assert.Equal(0, count);
        Assert.False(session.HasPending);
        await ExchangeAsync(session, pair.Left, peer);
    }

    [Fact]
    public async Task A_client_that_starts_with_TLS_must_name_the_protocol()
    {
        using var pair = new TlsSocketPair();
        using var context = TlsContext.ForClients(certificates.Clients());
        using TlsSession session = context.CreateForClient(pair.LeftDescriptor, directTls: true);
        await using SslStream peer = Peer(pair);
        Task authentication = peer.AuthenticateAsClientAsync(Options(SslProtocols.Tls13));

        Assert.Equal(TlsStatus.Failed, TlsSocketPair.Shake(session, pair.Left));
        Assert.Contains("postgresql", session.Error, StringComparison.Ordinal);
        Assert.Equal(TlsStatus.Failed, session.Read(new byte[1], out _));
        await authentication;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_of_another_protocol_is_refused(bool directTls)
    {
        using var pair = new TlsSocketPair();
        using var context = TlsContext.ForClients(certificates.Clients());
        using TlsSession session = context.CreateForClient(pair.LeftDescriptor, directTls);
        await using SslStream peer = Peer(pair);
        SslClientAuthenticationOptions options = Options(SslProtocols.Tls13);
        options.ApplicationProtocols = [SslApplicationProtocol.Http2];
        Task authentication = peer.AuthenticateAsClientAsync(options);

        Assert.Equal(TlsStatus.Failed, TlsSocketPair.Shake(session, pair.Left));
        Assert.Contains("protocol", session.Error, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(() => authentication);
    }

    [Fact]
    public async Task The_protocol_is_found_in_a_longer_list()
    {
        using var pair = new TlsSocketPair();
        using var context = TlsContext.ForClients(certificates.Clients());
        using TlsSession session = context.CreateForClient(pair.LeftDescriptor, directTls: true);
        await using SslStream peer = Peer(pair);
        SslClientAuthenticationOptions options = Options(SslProtocols.Tls13);
        options.ApplicationProtocols = [SslApplicationProtocol.Http2, s_postgres];
        Task authentication = peer.AuthenticateAsClientAsync(options);

        Assert.Equal(TlsStatus.Done, TlsSocketPair.Shake(session, pair.Left));
        await authentication;
        Assert.Equal(s_postgres, peer.NegotiatedApplicationProtocol);
    }

    [Fact]
    public void What_came_with_the_last_flight_is_pending_after_the_handshake()
    {
        using var pair = new TlsSocketPair();
        using var clients = TlsContext.ForClients(certificates.Clients());
        using var servers = TlsContext.ForServers(certificates.Servers());
        using TlsSession accepted = clients.CreateForClient(pair.LeftDescriptor, directTls: false);
        using TlsSession connected = servers.CreateForServer(pair.RightDescriptor, TlsTestCertificates.Host);
        Assert.Equal(TlsStatus.WantRead, connected.Handshake());
        Assert.Equal(TlsStatus.WantRead, accepted.Handshake());
        Assert.Equal(TlsStatus.Done, connected.Handshake());
        Assert.Equal(TlsStatus.Done, connected.Write("early"u8, out _));

        Assert.Equal(TlsStatus.Done, accepted.Handshake());
        Assert.Equal(0, pair.Left.Available); // epoll would say nothing
        Assert.True(accepted.HasPending);
        Assert.Equal("early", Encoding.ASCII.GetString(TlsSocketPair.ReadExactly(accepted, pair.Left, 5)));
        Assert.False(accepted.HasPending);
    }

    private static async Task ExchangeAsync(TlsSession session, Socket socket, SslStream peer)
    {
        TlsSocketPair.WriteAll(session, socket, "question"u8);
        byte[] question = new byte[8];
        await peer.ReadExactlyAsync(question);
        Assert.Equal("question", Encoding.ASCII.GetString(question));
        await peer.WriteAsync("answer"u8.ToArray());
        Assert.Equal("answer", Encoding.ASCII.GetString(TlsSocketPair.ReadExactly(session, socket, 6)));
    }

    private static SslStream Peer(TlsSocketPair pair)
    {
        pair.Right.Blocking = true;
        return new SslStream(new NetworkStream(pair.Right));
    }

    private static SslClientAuthenticationOptions Options(SslProtocols protocol) => new()
    {
        TargetHost = TlsTestCertificates.Host,
        EnabledSslProtocols = protocol,
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
    };
}
