using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Tls;
using Freshet.Server.Proxy.Transport;

namespace Freshet.Server.Proxy.Servers;

/// <summary>
/// Brings one server connection from nothing to ReadyForQuery: address, connect, TLS, start-up packet,
/// authentication, parameters. Steps run as events arrive; the pool's tick enforces the time limit. Bytes that a
/// server stuffs behind its answer to SSLRequest close the connection (CVE-2021-23222).
/// </summary>
internal sealed class ServerLogin(ServerConnection server)
{
    private enum Step
    {
        Address,
        Connecting,
        TlsAnswer,
        TlsHandshake,
        Authentication,
        Parameters,

        /// <summary>ReadyForQuery was read; what the server says unasked may stand behind it.</summary>
        Ready,
    }

    private readonly ServerAuthentication _authentication = new(server);
    private Step _step = Step.Address;

    private DatabaseSnapshot Database => server.Pool.Database;

    public void Start()
    {
        EventLoop loop = server.Loop;
        server.Pool.Addresses.Resolve(
            Database.Host,
            Database.Port,
            loop,
            (address, failure) =>
            {
                if (server.State != ServerState.Login)
                {
                    return;
                }

                if (address is null)
                {
                    server.Close($"cannot resolve host \"{Database.Host}\": {failure}");
                }
                else
                {
                    Connect(address, loop);
                }
            }
        );
    }

    public void OnReady(uint events)
    {
        switch (_step)
        {
            case Step.Connecting:
                OnConnected();
                break;
            case Step.TlsAnswer:
                OnTlsAnswer();
                break;
            case Step.TlsHandshake:
                Handshake();
                break;
            case Step.Authentication or Step.Parameters or Step.Ready:
                if ((events & Native.EpollOut) != 0 && !server.Transport!.FlushBacklog())
                {
                    server.Close("cannot send to the server: " + server.Transport.Failure);
                    return;
                }

                ReadMessages();
                break;
        }
    }

    private unsafe void Connect(byte[] address, EventLoop loop)
    {
        int family = BinaryPrimitives.ReadUInt16LittleEndian(address);
        int fd = Native.socket(family, Native.SockStream | Native.SockNonblock | Native.SockCloexec, 0);
        if (fd < 0)
        {
            server.Close("cannot open a socket: " + Native.ErrorText(Marshal.GetLastSystemError()));
            return;
        }

        server.Transport = new WireTransport(fd);
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
                server.Close($"cannot connect to {Target}: {Native.ErrorText(error)}");
                return;
            }
        }

        _step = Step.Connecting;
        server.PollId = server.Pool.Table.Register(server);
        server.Transport.Join(loop, server.PollId, Native.EpollIn | Native.EpollOut);
    }

    private string Target => Database.Host.StartsWith('/')
        ? $"{Database.Host}/.s.PGSQL.{Database.Port}"
        : $"{Database.Host}:{Database.Port}";

    private void OnConnected()
    {
        int error = Native.SocketError(server.Transport!.Descriptor);
        if (error != 0)
        {
            server.Close($"cannot connect to {Target}: {Native.ErrorText(error)}");
            return;
        }

        server.Transport.WantWrite(false);
        bool tls = Database.Tls.Mode is not (TlsMode.Disable or TlsMode.Allow) && !Database.Host.StartsWith('/');
        if (tls)
        {
            _step = Step.TlsAnswer;
            Send(new MessageWriter().BeginUntyped().Int32(ProtocolVersion.SslRequest).End());
        }
        else
        {
            SendStartup();
        }
    }

    private void OnTlsAnswer()
    {
        Span<byte> answer = stackalloc byte[2];
        int count = server.Transport!.Receive(answer);
        if (count == 0)
        {
            return;
        }

        if (count < 0 || count > 1)
        {
            server.Close(count < 0
                ? $"{Target} closed the connection at SSLRequest"
                : $"{Target} sent bytes behind its answer to SSLRequest");
            return;
        }

        if (answer[0] == (byte)'S')
        {
            _step = Step.TlsHandshake;
            server.Transport.StartTls(
                server.Pool.TlsForServers!.CreateForServer(server.Transport.Descriptor, Database.Host));
            Handshake();
        }
        else if (answer[0] == (byte)'N' && Database.Tls.Mode == TlsMode.Prefer)
        {
            SendStartup();
        }
        else
        {
            server.Close($"{Target} does not speak TLS, and the setting serverTls.mode asks for it");
        }
    }

    private void Handshake()
    {
        WireTransport transport = server.Transport!;
        TlsStatus status = transport.Tls!.Handshake();
        switch (status)
        {
            case TlsStatus.Done:
                transport.WantWrite(false);
                SendStartup();
                break;
            case TlsStatus.WantRead:
                transport.WantWrite(false);
                break;
            case TlsStatus.WantWrite:
                transport.WantWrite(true);
                break;
            default:
                server.Close($"TLS handshake with {Target}: {transport.Tls.Error}");
                break;
        }
    }

    private void SendStartup()
    {
        MessageWriter packet = new MessageWriter().BeginUntyped().Int32(ProtocolVersion.Version30)
            .CString("user").CString(server.Pool.ServerUser)
            .CString("database").CString(server.Pool.ServerDatabase);
        foreach ((string name, string value) in server.Startup.Settings)
        {
            packet.CString(name).CString(System.Text.Encoding.Latin1.GetBytes(value));
        }

        if (server.Replication is not null)
        {
            packet.CString("replication").CString(server.Replication);
        }

        _step = Step.Authentication;
        Send(packet.Byte(0).End());
    }

    private void ReadMessages()
    {
        WireTransport transport = server.Transport!;
        byte[] inbound = server.Loop.Inbound;
        int carried = transport.TakeCarry(inbound);
        int count = transport.Receive(inbound.AsSpan(carried, EventLoop.ScratchBytes));
        if (count < 0)
        {
            server.Close(server.LastFatal ?? transport.Failure ?? $"{Target} closed the connection during login");
            return;
        }

        ReadOnlySpan<byte> data = inbound.AsSpan(0, carried + count);
        while (server.State == ServerState.Login && data.Length >= WireLimits.HeaderBytes)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(data[1..]);
            if (length < 4 || length > WireLimits.AuthMessageBytes)
            {
                server.Pool.OnProtocolError("server", $"login message of {length} bytes");
                server.Close($"protocol violation by {Target}: a login message of {length} bytes");
                return;
            }

            if (data.Length < length + 1)
            {
                break;
            }

            OnMessage(data[0], data[5..(length + 1)]);
            data = data[(length + 1)..];
        }

        if (server.State != ServerState.Login)
        {
            return;
        }

        if (transport.Tls is { HasPending: true })
        {
            transport.KeepCarry(data);
            server.Loop.CallAgain(server);
        }
        else if (_step != Step.Ready)
        {
            transport.KeepCarry(data);
        }
        else if (data.IsEmpty)
        {
            server.Pool.OnServerReady(server);
        }
        else
        {
            server.Pool.OnProtocolError("server", "a part of a message behind the first ReadyForQuery");
            server.Close($"protocol violation by {Target}: a part of a message behind its first ReadyForQuery");
        }
    }

    private void OnMessage(byte type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case BackendMessage.Authentication when _step == Step.Authentication:
                if (_authentication.OnRequest(body) is { } failure)
                {
                    server.Close(failure);
                }
                else if (_authentication.Succeeded)
                {
                    _step = Step.Parameters;
                }

                break;
            case BackendMessage.ErrorResponse:
                ErrorFields error = ErrorFields.Read(body);
                server.OnError(error);
                server.Pool.RememberLoginError(body);
                server.Close($"{Target} refused the login: {error.MessageText}");
                break;
            case BackendMessage.NoticeResponse or BackendMessage.NegotiateProtocolVersion:
            case BackendMessage.NotificationResponse when _step == Step.Ready:
                break;
            case BackendMessage.ParameterStatus when _step is Step.Parameters or Step.Ready:
                var reader = new MessageReader(body);
                if (reader.TryCString(out ReadOnlySpan<byte> name) && reader.TryCString(out ReadOnlySpan<byte> value))
                {
                    string key = System.Text.Encoding.Latin1.GetString(name);
                    server.Neutral[key] = server.Reported[key] = System.Text.Encoding.Latin1.GetString(value);
                }

                break;
            case BackendMessage.BackendKeyData when _step == Step.Parameters && body.Length is >= 8 and <= 260:
                server.Identity = new ServerIdentity(BinaryPrimitives.ReadInt32BigEndian(body), body[4..].ToArray());
                break;
            case BackendMessage.ReadyForQuery when _step == Step.Parameters && body is [(byte)'I']:
                server.Status = TransactionStatus.Idle;
                _step = Step.Ready;
                break;
            default:
                server.Pool.OnProtocolError("server", $"message '{(char)type}' during login");
                server.Close($"protocol violation by {Target}: message '{(char)type}' during login");
                break;
        }
    }

    private void Send(MessageWriter message)
    {
        if (!server.Transport!.Send(message.Written))
        {
            server.Close($"cannot send to {Target}: {server.Transport.Failure}");
        }
    }
}
