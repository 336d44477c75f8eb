using System.Buffers.Binary;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Transport;

namespace Freshet.Server.Proxy.Servers;

/// <summary>
/// Brings one server connection from nothing to ReadyForQuery: address, <see cref="ServerDial"/>, start-up packet,
/// authentication, parameters. Steps run as events arrive; the pool's tick enforces the time limit. Where the TLS mode
/// leaves two ways, <see cref="LoginWays"/> names the first, and the second once that has failed: it starts anew, on
/// another socket.
/// </summary>
internal sealed class ServerLogin
{
    private enum Step
    {
        Address,
        Dialing,
        Authentication,
        Parameters,

        /// <summary>ReadyForQuery was read; it has been asked which primary it is.</summary>
        Primary,

        /// <summary>The last ReadyForQuery was read; what the server says unasked may stand behind it.</summary>
        Ready,
    }

    private readonly ServerConnection _server;
    private readonly LoginWays _ways;
    private ServerAuthentication _authentication;
    private PrimaryProbe? _probe;
    private ServerDial? _dial;
    private Step _step = Step.Address;

    public ServerLogin(ServerConnection server)
    {
        _server = server;
        _ways = new LoginWays(server.Pool.Database);
        _authentication = new ServerAuthentication(server, OnDerived);
    }

    private DatabaseSnapshot Database => _server.Pool.Database;

    public void Start()
    {
        EventLoop loop = _server.Loop;
        _server.Pool.Addresses.Resolve(
            Database.Host,
            Database.Port,
            loop,
            (address, failure) =>
            {
                if (_server.State != ServerState.Login)
                {
                    return;
                }

                if (address is null)
                {
                    _server.Close($"cannot resolve host \"{Database.Host}\": {failure}");
                }
                else
                {
                    Dial(address, loop);
                }
            }
        );
    }

    public void OnReady(uint events)
    {
        switch (_step)
        {
            case Step.Dialing:
                OnDialed(_dial!.OnReady());
                break;
            case Step.Authentication or Step.Parameters or Step.Primary or Step.Ready:
                if ((events & Native.EpollOut) != 0 && !_server.Transport!.FlushBacklog())
                {
                    _server.Close("cannot send to the server: " + _server.Transport.Failure);
                    return;
                }

                if (!_authentication.IsDeriving)
                {
                    ReadMessages();
                }
                else if ((events & (Native.EpollHup | Native.EpollErr)) != 0)
                {
                    // Nothing is read meanwhile, but this epoll tells all the same, and goes on telling.
                    _server.Close($"{Target} closed the connection during login");
                }

                break;
        }
    }

    private string Target => Database.Target;

    private void Dial(byte[] address, EventLoop loop)
    {
        _dial = new ServerDial(_server.Pool, _ways.Present);
        _step = Step.Dialing;
        DialStatus status = _dial.Connect(address, loop, _server);
        _server.Transport = _dial.Transport;
        _server.PollId = _dial.PollId;
        OnDialed(status);
    }

    private void OnDialed(DialStatus status)
    {
        if (status == DialStatus.Connected)
        {
            SendStartup();
        }
        else if (status == DialStatus.Failed && !(_dial!.IsHandshakeFailure && TryOtherWay(_dial.Failure!)))
        {
            _server.Close(_ways.Reason(_dial!.Failure!));
        }
    }

    /// <summary>Starts anew if the server may be reached in another way; false: it may not.</summary>
    private bool TryOtherWay(string reason)
    {
        if (!_ways.TryNext(reason, wasEncrypted: _server.Transport!.Tls is not null))
        {
            return false;
        }

        _server.Transport.Close(_server.Pool.Table);
        _authentication = new ServerAuthentication(_server, OnDerived);
        _step = Step.Address;
        Start();
        return true;
    }

    private void SendStartup()
    {
        MessageWriter packet = new MessageWriter().BeginUntyped().Int32(ProtocolVersion.Version30)
            .CString("user").CString(_server.Pool.ServerUser)
            .CString("database").CString(_server.Pool.ServerDatabase);
        foreach ((string name, string value) in _server.Startup.Settings)
        {
            packet.CString(name).CString(System.Text.Encoding.Latin1.GetBytes(value));
        }

        if (_server.Replication is not null)
        {
            packet.CString("replication").CString(_server.Replication);
        }

        _step = Step.Authentication;
        Send(packet.Byte(0).End().Written);
    }

    private void OnDerived(string? failure)
    {
        if (failure is not null)
        {
            _server.Close(failure);
            return;
        }

        _server.Transport!.ResumeReading(_server);
        ReadMessages();
    }

    private void ReadMessages()
    {
        WireTransport transport = _server.Transport!;
        byte[] inbound = _server.Loop.Inbound;
        int carried = transport.TakeCarry(inbound);
        int count = transport.Receive(inbound.AsSpan(carried, EventLoop.ScratchBytes));
        if (count < 0)
        {
            _server.Close(_server.LastFatal ?? transport.Failure ?? $"{Target} closed the connection during login");
            return;
        }

        ReadOnlySpan<byte> data = inbound.AsSpan(0, carried + count);
        while (transport.IsOpen && !_authentication.IsDeriving && data.Length >= WireLimits.HeaderBytes)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(data[1..]);
            if (length < 4 || length > WireLimits.AuthMessageBytes)
            {
                _server.Pool.OnProtocolError("server", $"login message of {length} bytes");
                _server.Close($"protocol violation by {Target}: a login message of {length} bytes");
                return;
            }

            if (data.Length < length + 1)
            {
                break;
            }

            OnMessage(data[0], data[5..(length + 1)]);
            data = data[(length + 1)..];
        }

        if (!transport.IsOpen)
        {
            return; // closed, or begun anew on another one
        }

        if (_authentication.IsDeriving)
        {
            transport.KeepCarry(data);
            transport.PauseReading();
        }
        else if (transport.Tls is { HasPending: true })
        {
            transport.KeepCarry(data);
            _server.Loop.CallAgain(_server);
        }
        else if (_step != Step.Ready)
        {
            transport.KeepCarry(data);
        }
        else if (data.IsEmpty)
        {
            _server.Pool.OnServerReady(_server);
        }
        else
        {
            _server.Pool.OnProtocolError("server", "a part of a message behind the first ReadyForQuery");
            _server.Close($"protocol violation by {Target}: a part of a message behind its first ReadyForQuery");
        }
    }

    private void OnMessage(byte type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case BackendMessage.Authentication when _step == Step.Authentication:
                if (_authentication.OnRequest(body) is { } failure)
                {
                    _server.Close(failure);
                }
                else if (_authentication.Succeeded)
                {
                    _step = Step.Parameters;
                }

                break;
            case BackendMessage.ErrorResponse when _step != Step.Primary:
                OnRefused(ErrorFields.Read(body), body);
                break;
            case BackendMessage.NoticeResponse or BackendMessage.NegotiateProtocolVersion:
            case BackendMessage.NotificationResponse when _step == Step.Ready:
                break;
            case BackendMessage.ParameterStatus when _step is Step.Parameters or Step.Primary or Step.Ready:
                var reader = new MessageReader(body);
                if (reader.TryCString(out ReadOnlySpan<byte> name) && reader.TryCString(out ReadOnlySpan<byte> value))
                {
                    string key = System.Text.Encoding.Latin1.GetString(name);
                    _server.Neutral[key] = _server.Reported[key] = System.Text.Encoding.Latin1.GetString(value);
                }

                break;
            case BackendMessage.BackendKeyData when _step == Step.Parameters && body.Length is >= 8 and <= 260:
                _server.Identity = new ServerIdentity(BinaryPrimitives.ReadInt32BigEndian(body), body[4..].ToArray());
                break;
            case BackendMessage.ReadyForQuery when _step == Step.Parameters && body is [(byte)'I']:
                _server.Status = TransactionStatus.Idle;
                OnLoggedIn();
                break;
            case BackendMessage.ReadyForQuery when _step == Step.Primary && body is [(byte)'I']:
                OnProbed(_probe!);
                break;
            default:
                if (_step == Step.Primary && _probe!.Take(type, body))
                {
                    break;
                }

                _server.Pool.OnProtocolError("server", $"message '{(char)type}' during login");
                _server.Close($"protocol violation by {Target}: message '{(char)type}' during login");
                break;
        }
    }

    private void OnLoggedIn()
    {
        if (_server.Replication is not null || !Database.Cache.NeedsFeed)
        {
            _step = Step.Ready;
            return;
        }

        _step = Step.Primary;
        _probe = new PrimaryProbe();
        Send(PrimaryProbe.Question);
    }

    private void OnProbed(PrimaryProbe probe)
    {
        _step = Step.Ready;
        _server.Primary = probe.Found;
        if (!probe.Found.IsKnown)
        {
            _server.Pool.OnPrimaryUnknown(probe.Refusal ?? "its answer makes no sense");
        }
    }

    private void OnRefused(ErrorFields error, ReadOnlySpan<byte> body)
    {
        _server.Refusal = body.ToArray();
        string reason = $"{Target} refused the login: {error.MessageText}";
        if (_authentication.WasAsked || !LoginWays.IsAboutTheWay(error) || !TryOtherWay(reason))
        {
            _server.OnError(error);
            _server.Close(_ways.Reason(reason));
        }
    }

    private void Send(ReadOnlySpan<byte> message)
    {
        if (!_server.Transport!.Send(message))
        {
            _server.Close($"cannot send to {Target}: {_server.Transport.Failure}");
        }
    }
}
