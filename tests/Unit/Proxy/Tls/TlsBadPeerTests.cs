using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Freshet.Server.Proxy.Tls;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Tls;

[Collection("TLS")]
public sealed class TlsBadPeerTests(TlsTestCertificates certificates)
{
    [Fact]
    public void A_close_notify_is_a_clean_end() => EndOf(
        peer => peer.Shutdown(), expectedClean: true);

    [Fact]
    public void A_bare_end_of_the_stream_is_not_clean() => EndOf(_ => { }, expectedClean: false);

    [Fact]
    public void Bytes_before_the_end_are_read_first()
    {
        using var pair = new TlsSocketPair();
        (TlsSession session, TlsSession peer) = Connect(pair);
        using (session)
        using (peer)
        {
            Assert.Equal(TlsStatus.Done, peer.Write("last words"u8, out _));
            peer.Shutdown();
            byte[] buffer = new byte[100];
            Assert.Equal(TlsStatus.Done, session.Read(buffer, out int count));
            Assert.Equal(10, count);
            Assert.True(session.HasPending); // the descriptor stays open and silent: only this tells of the end
            Assert.Equal(TlsStatus.Closed, session.Read(buffer, out count));
            Assert.Equal(0, count);
            Assert.True(session.ClosedCleanly);
        }
    }

    [Fact]
    public void Writing_to_a_peer_that_is_gone_fails_without_a_signal()
    {
        using var pair = new TlsSocketPair();
        (TlsSession session, TlsSession peer) = Connect(pair);
        using (session)
        using (peer)
        {
            pair.Right.Dispose();
            Assert.Equal(TlsStatus.Failed, session.Write(new byte[100], out int count));
            Assert.Equal(0, count);
            Assert.Equal("Broken pipe", session.Error);
            Assert.Equal(TlsStatus.Failed, session.Write(new byte[100], out _));
            session.Shutdown();
        }
    }

    [Fact]
    public void The_runtime_ignores_SIGPIPE()
    {
        const int brokenPipe = 13;
        const string label = "SigIgn:";
        string line = File.ReadLines("/proc/self/status").Single(l => l.StartsWith(label, StringComparison.Ordinal));
        ulong ignored = ulong.Parse(line.AsSpan(label.Length).Trim(), NumberStyles.HexNumber);

        Assert.NotEqual(0ul, ignored & (1ul << (brokenPipe - 1)));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: db\r\n\r\n", "http request")]
    [InlineData("\0\0\0\x08\x04\xd2\x16/ and more", "wrong version number")]
    [InlineData("complete nonsense", "wrong version number")]
    public void Garbage_instead_of_a_handshake_fails(string garbage, string reason)
    {
        using var pair = new TlsSocketPair();
        using var context = TlsContext.ForClients(certificates.Clients());
        using TlsSession session = context.CreateForClient(pair.LeftDescriptor, directTls: false);
        pair.Right.Send(System.Text.Encoding.Latin1.GetBytes(garbage));

        Assert.Equal(TlsStatus.Failed, session.Handshake());
        Assert.Contains(reason, session.Error, StringComparison.Ordinal);
        Assert.Equal(TlsStatus.Failed, session.Handshake());
    }

    [Fact]
    public void Random_bytes_never_do_more_than_fail()
    {
        var random = new Random(20_260_101);
        using var clients = TlsContext.ForClients(certificates.Clients());
        using var servers = TlsContext.ForServers(certificates.Servers());
        for (int round = 0; round < 500; round++)
        {
            using var pair = new TlsSocketPair();
            using TlsSession session = round % 2 == 0
                ? clients.CreateForClient(pair.LeftDescriptor, directTls: false)
                : servers.CreateForServer(pair.LeftDescriptor, "db.example");
            _ = session.Handshake();
            byte[] noise = new byte[random.Next(1, 300)];
            random.NextBytes(noise);
            if (round % 4 < 2 && noise.Length > 5)
                new byte[] { 0x16, 3, 1, 0, (byte)(noise.Length - 5) }.CopyTo(noise, 0);
            pair.Right.Send(noise);
            pair.Right.Shutdown(SocketShutdown.Send);
            TlsStatus status = TlsSocketPair.Shake(session, pair.Left);

            Assert.True(status is TlsStatus.Failed or TlsStatus.Closed, $"round {round}: {status}");
            Assert.NotNull(session.Error);
        }
    }

    [Fact]
    public void A_flipped_bit_fails_the_session()
    {
        using var pair = new TlsSocketPair();
        (TlsSession session, TlsSession peer) = Connect(pair);
        using (session)
        using (peer)
        {
            Assert.Equal(TlsStatus.Done, peer.Write(RandomNumberGenerator.GetBytes(100), out _));
            byte[] wire = new byte[1_000];
            int length = pair.Left.Receive(wire);
            wire[length - 1] ^= 1;
            pair.Right.Send(wire, length, SocketFlags.None);

            Assert.Equal(TlsStatus.Failed, session.Read(wire, out _));
            Assert.Contains("bad record mac", session.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_peer_that_leaves_within_the_handshake_closes_it()
    {
        using var pair = new TlsSocketPair();
        using var context = TlsContext.ForServers(certificates.Servers());
        using TlsSession session = context.CreateForServer(pair.LeftDescriptor, "db.example");
        Assert.Equal(TlsStatus.WantRead, session.Handshake());
        Assert.Throws<InvalidOperationException>(() => session.Read(new byte[1], out _));
        Assert.Throws<InvalidOperationException>(() => session.Write(new byte[1], out _));
        pair.Right.Shutdown(SocketShutdown.Both);

        Assert.Equal(TlsStatus.Closed, session.Handshake());
        Assert.False(session.ClosedCleanly);
        Assert.Contains("during the TLS handshake", session.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Sessions_disposed_at_any_step_leave_nothing()
    {
        int before = TlsSession.LiveCount;
        using var clients = TlsContext.ForClients(certificates.Clients());
        using var servers = TlsContext.ForServers(certificates.Servers());
        for (int steps = 0; steps < 6; steps++)
        {
            using var pair = new TlsSocketPair();
            TlsSession accepted = clients.CreateForClient(pair.LeftDescriptor, directTls: false);
            TlsSession connected = servers.CreateForServer(pair.RightDescriptor, "db.example");
            Assert.Equal(before + 2, TlsSession.LiveCount);
            for (int step = 0; step < steps; step++)
                _ = step % 2 == 0 ? connected.Handshake() : accepted.Handshake();
            connected.Shutdown();
            connected.Dispose();
            connected.Dispose();
            accepted.Dispose();
            Assert.Equal(before, TlsSession.LiveCount);
            Assert.Throws<ObjectDisposedException>(() => accepted.Handshake());
            Assert.Throws<ObjectDisposedException>(() => accepted.Read(new byte[1], out _));
        }
    }

    private void EndOf(Action<TlsSession> last, bool expectedClean)
    {
        using var pair = new TlsSocketPair();
        (TlsSession session, TlsSession peer) = Connect(pair);
        using (session)
        using (peer)
        {
            last(peer);
            pair.Right.Shutdown(SocketShutdown.Send);

            Assert.Equal(TlsStatus.Closed, session.Read(new byte[10], out _));
            Assert.Equal(expectedClean, session.ClosedCleanly);
            Assert.Equal(TlsStatus.Closed, session.Write(new byte[10], out _));
        }
    }

    private (TlsSession Session, TlsSession Peer) Connect(TlsSocketPair pair)
    {
        using var clients = TlsContext.ForClients(certificates.Clients());
        using var servers = TlsContext.ForServers(certificates.Servers());
        TlsSession session = clients.CreateForClient(pair.LeftDescriptor, directTls: false);
        TlsSession peer = servers.CreateForServer(pair.RightDescriptor, "db.example");
        Assert.Equal((TlsStatus.Done, TlsStatus.Done), TlsSocketPair.Shake(session, peer));
        return (session, peer);
    }
}
