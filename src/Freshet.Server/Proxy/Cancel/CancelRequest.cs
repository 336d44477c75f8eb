using System.Buffers.Binary;
using System.Diagnostics;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Tls;
using Freshet.Server.Proxy.Transport;

namespace Freshet.Server.Proxy.Cancel;

/// <summary>
/// Carries one cancel request to the server, on a connection of its own, with TLS where the cancelled connection has
/// it. The server closes that connection after it has sent the signal; until then, or until the connect time limit,
/// the cancelled server connection is not lent again, so that the signal cannot hit the next client's query.
/// </summary>
internal sealed class CancelRequest : IPollHandler
{
    private readonly ServerConnection _server;
    private readonly EventLoop _loop;
    private readonly Action _done;
    private readonly long _startedAt;
    private readonly bool _overTls;
    private WireTransport? _transport;
    private Step _step;
    private Timer? _timer;
    private bool _finished;

    private enum Step
    {
        Connecting,
        TlsAnswer,
        TlsHandshake,
        Sent,
    }

    private CancelRequest(ServerConnection server, Action done)
    {
        _server = server;
        _loop = server.Loop;
        _done = done;
        _startedAt = _loop.Now;
        _overTls = server.Transport is { Tls: not null };
    }

    /// <summary>On the server connection's loop, while it works for the client that asked.</summary>
    /// <param name="server">Whose query to cancel.</param>
    /// <param name="done">Called once, when the server has acted or cannot be reached.</param>
    public static void Send(ServerConnection server, Action done)
    {
        var request = new CancelRequest(server, done);
        server.Pool.Addresses.Resolve(server.Pool.Database.Host, server.Pool.Database.Port, request._loop,
            (address, _) => request.Connect(address));
    }

    public void OnReady(EventLoop loop, uint events)
    {
        switch (_step)
        {
            case Step.Connecting when Native.SocketError(_transport!.Descriptor) != 0:
                Finish();
                break;
            case Step.Connecting when _overTls:
                _step = Step.TlsAnswer;
                _transport.WantWrite(false);
                Send(new MessageWriter().BeginUntyped().Int32(ProtocolVersion.SslRequest).End());
                break;
            case Step.Connecting:
                SendCancel();
                break;
            case Step.TlsAnswer:
                Span<byte> answer = stackalloc byte[2];
                int count = _transport!.Receive(answer);
                if (count == 1 && answer[0] == (byte)'S' && _server.Pool.TlsForServers is { } tls)
                {
                    _step = Step.TlsHandshake;
                    _transport.StartTls(tls.CreateForServer(_transport.Descriptor, _server.Pool.Database.Host));
                    Handshake();
                }
                else if (count != 0)
                {
                    Finish();
                }

                break;
            case Step.TlsHandshake:
                Handshake();
                break;
            case Step.Sent:
                // Whatever comes now means that the server has acted: it sends nothing and closes.
                Finish();
                break;
        }
    }

    public void Abort(string reason) => Finish();

    /// <summary>The pool's connect time limit; its default where that is off, because a request that hangs would
    /// keep a server connection from being lent.</summary>
    private TimeSpan TimeLimit => _server.Pool.Settings.ServerConnectTimeout is { Ticks: > 0 } set
        ? set
        : new PoolSnapshot().ServerConnectTimeout;

    private void CheckTime()
    {
        if (!_finished && Stopwatch.GetElapsedTime(_startedAt) > TimeLimit)
        {
            Finish();
        }
    }

    private unsafe void Connect(byte[]? address)
    {
        int family = address is null ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(address);
        int fd = address is null ? -1
            : Native.socket(family, Native.SockStream | Native.SockNonblock | Native.SockCloexec, 0);
        if (fd < 0)
        {
            Finish();
            return;
        }

        _transport = new WireTransport(fd);
        fixed (byte* to = address)
        {
            _ = Native.connect(fd, to, (uint)address!.Length);
        }

        _transport.Join(_loop, _server.Pool.Table.Register(this), Native.EpollIn | Native.EpollOut);
        TimeSpan limit = TimeLimit + TimeSpan.FromSeconds(1);
        _timer = new Timer(_ => _loop.Post(CheckTime), null, limit, Timeout.InfiniteTimeSpan);
    }

    private void Handshake()
    {
        switch (_transport!.Tls!.Handshake())
        {
            case TlsStatus.Done:
                SendCancel();
                break;
            case TlsStatus.WantRead:
                _transport.WantWrite(false);
                break;
            case TlsStatus.WantWrite:
                _transport.WantWrite(true);
                break;
            default:
                Finish();
                break;
        }
    }

    private void SendCancel()
    {
        _step = Step.Sent;
        _transport!.WantWrite(false);
        if (_server.Identity is { } identity)
        {
            Send(new MessageWriter().BeginUntyped().Int32(ProtocolVersion.CancelRequest)
                .Int32(identity.ProcessId).Bytes(identity.Key).End());
        }
        else
        {
            Finish();
        }
    }

    private void Send(MessageWriter message)
    {
        if (!_transport!.Send(message.Written))
        {
            Finish();
        }
    }

    private void Finish()
    {
        if (!_finished)
        {
            _finished = true;
            _timer?.Dispose();
            _transport?.Close(_server.Pool.Table);
            _done();
        }
    }
}
