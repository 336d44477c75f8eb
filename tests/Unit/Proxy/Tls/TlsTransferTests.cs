using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Authentication.ExtendedProtection;
using System.Security.Cryptography;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Tls;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Tls;

[Collection("TLS")]
public sealed class TlsTransferTests(TlsTestCertificates certificates)
{
    [Theory]
    [InlineData(4_096, 1_000_003, 70_000)]
    [InlineData(4_096, 300_000, 333)]
    [InlineData(0, 3_000_000, 16_384)]
    public void Bytes_survive_full_sockets_and_moved_buffers(int bufferSize, int length, int readSize)
    {
        using var pair = new TlsSocketPair(bufferSize);
        using var connection = new Connection(pair, certificates);
        byte[] sent = RandomNumberGenerator.GetBytes(length);
        var received = new MemoryStream();
        byte[] chunk = new byte[readSize];
        int written = 0;
        int refusals = 0;
        while (received.Length < length)
        {
            if (written < length)
            {
                // A copy each time: a retry comes from another address.
                byte[] moved = sent.AsSpan(written, Math.Min(100_000, length - written)).ToArray();
                TlsStatus status = connection.Server.Write(moved, out int count);
                Assert.True(status is TlsStatus.Done or TlsStatus.WantWrite, $"{status} {connection.Server.Error}");
                Assert.Equal(status == TlsStatus.Done, count > 0);
                if (status == TlsStatus.WantWrite)
                    refusals++;
                written += count;
            }

            TlsStatus read = connection.Client.Read(chunk, out int got);
            Assert.True(read is TlsStatus.Done or TlsStatus.WantRead, $"{read} {connection.Client.Error}");
            received.Write(chunk, 0, got);
        }

        Assert.Equal(sent, received.ToArray());
        Assert.False(connection.Client.HasPending);
        if (bufferSize > 0)
            Assert.True(refusals > 0, "the socket was never full, so the test tested nothing");
    }

    [Fact]
    public void A_retry_with_fewer_bytes_is_a_broken_caller()
    {
        using var pair = new TlsSocketPair(4_096);
        using var connection = new Connection(pair, certificates);
        byte[] data = new byte[200_000];
        while (connection.Server.Write(data, out _) != TlsStatus.WantWrite)
            Assert.True(pair.Left.Connected);

        Assert.Throws<ArgumentException>(() => connection.Server.Write(data.AsSpan(0, 10), out _));
        Assert.Equal(TlsStatus.WantWrite, connection.Server.Write(data, out _));
    }

    [Fact]
    public void Several_records_that_arrived_together_are_pending_until_read()
    {
        using var pair = new TlsSocketPair();
        using var connection = new Connection(pair, certificates);
        for (byte i = 0; i < 3; i++)
            Assert.Equal(TlsStatus.Done, connection.Server.Write(new[] { i, i }, out _));

        byte[] three = new byte[3];
        Assert.Equal(TlsStatus.Done, connection.Client.Read(three, out int count));
        Assert.Equal(3, count);
        Assert.Equal(new byte[] { 0, 0, 1 }, three);
        Assert.True(connection.Client.HasPending);
        Assert.Equal(0, pair.Right.Available); // epoll would say nothing
        Assert.Equal(TlsStatus.Done, connection.Client.Read(three, out count));
        Assert.Equal(3, count);
        Assert.False(connection.Client.HasPending);
        Assert.Equal(TlsStatus.WantRead, connection.Client.Read(three, out _));
    }

    [Fact]
    public void Half_a_record_is_not_pending()
    {
        using var pair = new TlsSocketPair();
        using var middle = new TlsSocketPair();
        using var clients = TlsContext.ForClients(certificates.Clients());
        using var servers = TlsContext.ForServers(certificates.Servers());
        using TlsSession server = clients.CreateForClient(pair.LeftDescriptor, directTls: false);
        using TlsSession client = servers.CreateForServer(middle.RightDescriptor, "db.example");
        for (int step = 0; step < 10; step++)
        {
            _ = (client.Handshake(), server.Handshake());
            Relay(middle.Left, pair.Right, int.MaxValue);
            Relay(pair.Right, middle.Left, int.MaxValue);
        }

        Assert.True(client.IsHandshakeDone && server.IsHandshakeDone);
        Assert.Equal(TlsStatus.Done, server.Write(new byte[1_000], out _));
        Relay(pair.Right, middle.Left, 500);
        byte[] buffer = new byte[2_000];
        Assert.Equal(TlsStatus.WantRead, client.Read(buffer, out _));
        Assert.False(client.HasPending); // else the loop would spin until the rest arrives
        Relay(pair.Right, middle.Left, int.MaxValue);
        Assert.Equal(TlsStatus.Done, client.Read(buffer, out int count));
        Assert.Equal(1_000, count);
    }

    [Fact]
    public void Key_updates_pass_unnoticed()
    {
        using var pair = new TlsSocketPair();
        using var connection = new Connection(pair, certificates);
        for (int round = 0; round < 3; round++)
        {
            Assert.Equal(1, OpenSslKeyUpdate.Request(connection.Server));
            Assert.Equal(TlsStatus.Done, connection.Server.Write("new key"u8, out _));
            Assert.Equal(7, TlsSocketPair.ReadExactly(connection.Client, pair.Right, 7).Length);
            Assert.Equal(TlsStatus.WantRead, connection.Client.Read(new byte[10], out _));
            Assert.Equal(TlsStatus.Done, connection.Client.Write("answer"u8, out _));
            Assert.Equal(6, TlsSocketPair.ReadExactly(connection.Server, pair.Left, 6).Length);
        }
    }

    [Fact]
    public void Reading_and_writing_allocate_nothing()
    {
        using var pair = new TlsSocketPair();
        using var connection = new Connection(pair, certificates);
        byte[] request = new byte[100];
        byte[] buffer = new byte[400];
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (int i = 0; i < 100; i++)
                RoundTrip();
        }));

        void RoundTrip()
        {
            connection.Client.Write(request, out _);
            connection.Server.Read(buffer, out _);
            connection.Server.Write(buffer, out _);
            connection.Client.Read(buffer, out _);
            connection.Client.Read(buffer, out _);
            _ = connection.Client.HasPending;
        }
    }

    [Theory]
    [InlineData("server")]
    [InlineData("server-sha384")]
    public async Task The_channel_binding_is_the_one_a_foreign_peer_computes(string name)
    {
        using var pair = new TlsSocketPair();
        using var context = TlsContext.ForClients(certificates.Clients(name: name));
        using TlsSession session = context.CreateForClient(pair.LeftDescriptor, directTls: false);
        pair.Right.Blocking = true;
        await using var peer = new SslStream(new NetworkStream(pair.Right), false, (_, _, _, _) => true);
        Task authentication = peer.AuthenticateAsClientAsync(TlsTestCertificates.Host);
        Assert.Equal(TlsStatus.Done, TlsSocketPair.Shake(session, pair.Left));
        await authentication;

        byte[] prefix = "tls-server-end-point:"u8.ToArray();
        byte[] expected = Binding(peer);
        Assert.Equal([.. prefix, .. session.ChannelBindingData!], expected);
    }

    [Fact]
    public void A_PSS_signature_binds_by_the_hash_in_its_parameters()
    {
        using var pair = new TlsSocketPair();
        using var connection = new Connection(pair, certificates, "server-pss");
        using var certificate = certificates.Load("server-pss");

        Assert.Equal(SHA512.HashData(certificate.RawData), connection.Server.ChannelBindingData);
        Assert.Equal(connection.Server.ChannelBindingData, connection.Client.ChannelBindingData);
    }

    private static byte[] Binding(SslStream peer)
    {
        using ChannelBinding binding = peer.TransportContext.GetChannelBinding(ChannelBindingKind.Endpoint)!;
        const int header = 32; // SEC_CHANNEL_BINDINGS: eight 32-bit numbers
        byte[] whole = new byte[binding.Size];
        Marshal.Copy(binding.DangerousGetHandle(), whole, 0, whole.Length);
        return whole[header..];
    }

    private static void Relay(Socket from, Socket to, int limit)
    {
        byte[] buffer = new byte[Math.Min(limit, 65_536)];
        if (from.Available > 0)
            to.Send(buffer, from.Receive(buffer), SocketFlags.None);
    }

    private sealed class Connection : IDisposable
    {
        public Connection(TlsSocketPair pair, TlsTestCertificates certificates, string name = "server")
        {
            using var clients = TlsContext.ForClients(certificates.Clients(name: name));
            using var servers = TlsContext.ForServers(certificates.Servers(TlsMode.VerifyCa, trust: true));
            Server = clients.CreateForClient(pair.LeftDescriptor, directTls: false);
            Client = servers.CreateForServer(pair.RightDescriptor, TlsTestCertificates.Host);
            Assert.Equal((TlsStatus.Done, TlsStatus.Done), TlsSocketPair.Shake(Server, Client));
        }

        /// <summary>On the pair's left.</summary>
        public TlsSession Server { get; }

        /// <summary>On the pair's right.</summary>
        public TlsSession Client { get; }

        public void Dispose()
        {
            Server.Dispose();
            Client.Dispose();
        }
    }
}
