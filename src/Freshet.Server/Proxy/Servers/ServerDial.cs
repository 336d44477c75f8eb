using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Tls;
using Freshet.Server.Proxy.Transport;

namespace Freshet.Server.Proxy.Servers;

/// <summary>
/// Opens the way to a pool's server, for a login or for a cancel request: connect, SSLRequest, TLS handshake, up to
/// where the first message of the protocol may be sent. The owner gets the socket's events and passes them on while
/// the dial is pending; afterwards the transport is the owner's alone. On one loop. Bytes that a server stuffs behind
/// its answer to SSLRequest end it (CVE-2021-23222).
/// </summary>
internal sealed class ServerDial(Pool pool, DialEncryption encryption)
{
    private enum Step
    {
        Connecting,
        TlsAnswer,
        TlsHandshake,
    }

    private Step _step;

    /// <summary>The owner closes it, whatever has become of the dial.</summary>
    public WireTransport? Transport { get; private set; }

    public ulong PollId { get; private set; }

    public string? Failure { get; private set; }

    /// <summary>The server took the SSLRequest, and then no session came about.</summary>
    public bool IsHandshakeFailure => Failure is not null && _step == Step.TlsHandshake;

    /// <summary>Begins; the owner's <see cref="IPollHandler.OnReady"/> is called when there is more.</summary>
    /// <param name="address">A <c>sockaddr</c>.</param>
    /// <param name="loop">The owner's.</param>
    /// <param name="owner">Who passes the events on.</param>
    public unsafe DialStatus Connect(ReadOnlySpan<byte> address, EventLoop loop, IPollHandler owner)
    {
        int family = BinaryPrimitives.ReadUInt16LittleEndian(address);
        int fd = Native.socket(family, Native.SockStream | Native.SockNonblock | Native.SockCloexec, 0);
        if (fd < 0)
        {
            return Fail("cannot open a socket: " + Native.ErrorText(Marshal.GetLastSystemError()));
        }

        Transport = new WireTransport(fd);
        if (family != Native.FamilyUnix)
        {
            Native.SetOption(fd, Native.ProtoTcp, Native.TcpNoDelay, 1);
            Native.SetOption(fd, Native.SolSocket, Native.SoKeepAlive, 1);
        }

        fixed (byte* to = address)
        {
            int result = Native.connect(fd, to, (uint)address.Length);
            int error = result < 0 ? Marshal.GetLastSystemError() : 0;
            if (error is not 0 and not Native.ErrInProgress)
            {
                return Fail($"cannot connect to {Target}: {Native.ErrorText(error)}");
            }
        }

        PollId = pool.Table.Register(owner);
        Transport.Join(loop, PollId, Native.EpollIn | Native.EpollOut);
        return DialStatus.Pending;
    }

    public DialStatus OnReady() =>
        _step switch
        {
            Step.Connecting => OnConnected(),
            Step.TlsAnswer => OnTlsAnswer(),
            _ => Handshake(),
        };

    private string Target => pool.Database.Target;

    private DialStatus OnConnected()
    {
        int error = Native.SocketError(Transport!.Descriptor);
        if (error != 0)
        {
            return Fail($"cannot connect to {Target}: {Native.ErrorText(error)}");
        }

        Transport.WantWrite(false);
        if (encryption == DialEncryption.None)
        {
            return DialStatus.Connected;
        }

        _step = Step.TlsAnswer;
        MessageWriter request = new MessageWriter().BeginUntyped().Int32(ProtocolVersion.SslRequest).End();
        return Transport.Send(request.Written)
            ? DialStatus.Pending
            : Fail($"cannot send to {Target}: {Transport.Failure}");
    }

    private DialStatus OnTlsAnswer()
    {
        Span<byte> answer = stackalloc byte[2];
        switch (Transport!.Receive(answer))
        {
            case 0:
                return DialStatus.Pending;
            case < 0:
                return Fail($"{Target} closed the connection at SSLRequest");
            case > 1:
                return Fail($"{Target} sent bytes behind its answer to SSLRequest");
        }

        if (answer[0] == (byte)'N' && encryption == DialEncryption.IfOffered)
        {
            return DialStatus.Connected;
        }

        if (answer[0] != (byte)'S' || pool.TlsForServers is not { } tls)
        {
            return Fail($"{Target} does not speak TLS, and the setting serverTls.mode asks for it");
        }

        _step = Step.TlsHandshake;
        Transport.StartTls(tls.CreateForServer(Transport.Descriptor, pool.Database.Host));
        return Handshake();
    }

    private DialStatus Handshake() =>
        Transport!.Handshake() switch
        {
            TlsStatus.Done => DialStatus.Connected,
            TlsStatus.WantRead or TlsStatus.WantWrite => DialStatus.Pending,
            _ => Fail($"TLS handshake with {Target}: {Transport.Tls!.Error}"),
        };

    private DialStatus Fail(string reason)
    {
        Failure = reason;
        return DialStatus.Failed;
    }
}
