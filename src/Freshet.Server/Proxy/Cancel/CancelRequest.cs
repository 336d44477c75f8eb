using Freshet.Core.Wire;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;
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
    private readonly ServerDial _dial;
    private Action? _done;
    private Timer? _timer;
    private bool _sent;
    private bool _finished;

    /// <summary>While the server connection is open and this loop's: what it looks like now decides about TLS.
    /// </summary>
    /// <param name="server">Whose query to cancel.</param>
    public CancelRequest(ServerConnection server)
    {
        _server = server;
        _loop = server.Loop;
        bool overTls = server.Transport is { Tls: not null };
        _dial = new ServerDial(server.Pool, overTls ? DialEncryption.Required : DialEncryption.None);
    }

    /// <summary>On the same loop, once.</summary>
    /// <param name="done">Called once, when the server has acted or cannot be reached.</param>
    public void Send(Action done)
    {
        _done = done;
        _timer = new Timer(_ => _loop.Post(Finish), null, TimeLimit, Timeout.InfiniteTimeSpan);
        _server.Pool.Addresses.Resolve(_server.Pool.Database.Host, _server.Pool.Database.Port, _loop,
            (address, _) => Dial(address));
    }

    public void OnReady(EventLoop loop, uint events)
    {
        if (_sent)
        {
            Finish(); // whatever comes now means that the server has acted: it sends nothing and closes
        }
        else
        {
            OnDialed(_dial.OnReady());
        }
    }

    public void Abort(string reason) => Finish();

    /// <summary>The pool's connect time limit; its default where that is off, because a request that hangs would
    /// keep a server connection from being lent.</summary>
    private TimeSpan TimeLimit => _server.Pool.Settings.ServerConnectTimeout is { Ticks: > 0 } set
        ? set
        : new PoolSnapshot().ServerConnectTimeout;

    private void Dial(byte[]? address)
    {
        if (address is null)
        {
            Finish();
        }
        else if (!_finished)
        {
            OnDialed(_dial.Connect(address, _loop, this));
        }
    }

    private void OnDialed(DialStatus status)
    {
        if (status == DialStatus.Failed || (status == DialStatus.Connected && !TrySend(_dial.Transport!)))
        {
            Finish();
        }
    }

    private bool TrySend(WireTransport transport)
    {
        _sent = true;
        return _server.Identity is { } identity
            && transport.Send(new MessageWriter().BeginUntyped().Int32(ProtocolVersion.CancelRequest)
                .Int32(identity.ProcessId).Bytes(identity.Key).End().Written);
    }

    private void Finish()
    {
        if (!_finished)
        {
            _finished = true;
            _timer?.Dispose();
            _dial.Transport?.Close(_server.Pool.Table);
            _done?.Invoke();
        }
    }
}
