using Freshet.Core.Wire;
using Freshet.Server.Proxy.Admin;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Cancel;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Relay;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.State;
using Freshet.Server.Proxy.Transport;

namespace Freshet.Server.Proxy.Clients;

/// <summary>
/// One client from accept to close. It lives on one loop. States: logging in (<see cref="Login"/> is set), without a
/// server (idle, or waiting in its pool's queue), linked to one. While input cannot be used (waiting, the proxy's own
/// query runs, the client does not read its answers), it is kept up to <see cref="HoldBytes"/> and then left in the
/// socket.
/// </summary>
internal sealed class ClientSession : IPollHandler
{
    /// <summary>Input kept while it cannot be used: as much as one read takes.</summary>
    private const int HoldBytes = EventLoop.ScratchBytes;

    private readonly FrontendRelay _relay;
    private readonly ServerLink _link;
    private bool _closed;

    public ClientSession(ProxyState proxy, EventLoop loop, WireTransport transport)
    {
        Proxy = proxy;
        Loop = loop;
        Transport = transport;
        _relay = new FrontendRelay(this);
        _link = new ServerLink(this);
        Login = new ClientLogin(this);
        LastActive = loop.Now;
    }

    public ProxyState Proxy { get; }

    public EventLoop Loop { get; }

    public WireTransport Transport { get; }

    /// <summary>Null once the client is logged in.</summary>
    public ClientLogin? Login { get; private set; }

    public bool IsLoggingIn => Login is not null;

    public Pool? Pool { get; set; }

    public PoolMode Mode { get; set; }

    public ServerConnection? Server { get; set; }

    /// <summary>The <c>replication</c> start-up parameter; null: an ordinary session.</summary>
    public string? Replication { get; set; }

    /// <summary>Session mode and replication: the server connection stays for the client's whole life.</summary>
    public bool KeepsServer => Mode == PoolMode.Session || Replication is not null;

    /// <summary>What a server connection for this client must have been opened with.</summary>
    public SettingsSet ServerStartup { get; set; } = SettingsSet.Empty;

    public SessionState State { get; } = new();

    /// <summary>Null: nothing of this session is cached.</summary>
    public ClientCache? Cache { get; private set; }

    /// <summary>Null until the client asks the proxy itself for something.</summary>
    public AdminSession? Admin { get; set; }

    /// <summary>No client at all: the proxy asks for itself, for a result that is to be renewed.</summary>
    public bool IsHeadless { get; private init; }

    /// <summary>A session that is logged in already, in a pool that it has entered.</summary>
    public static ClientSession Headless(ClientSession like)
    {
        var session = new ClientSession(like.Proxy, like.Loop, WireTransport.Sink(like.Loop))
        {
            IsHeadless = true,
            Pool = like.Pool,
            Mode = like.Mode,
            Login = null,
        };
        session.State.Settings = session.State.Baseline = like.State.Settings;
        session.Cache = ClientCache.For(session);
        return session;
    }

    public LinkedListNode<ClientSession>? WaitNode { get; set; }

    /// <summary>From the moment it queues until a server connection is here. Only this client's loop looks and writes:
    /// another loop may already have taken it from the queue, with the connection still on its way.</summary>
    public bool AwaitsServer { get; set; }

    public long WaitingSince { get; set; }

    public long LastActive { get; private set; }

    /// <summary>What the client was told in BackendKeyData.</summary>
    public int ProcessNumber { get; set; }

    public byte[] CancelKey { get; set; } = [];

    /// <summary>What it asked to cancel and what waits for its turn at the server; mostly nothing.</summary>
    public CancelWish? CancelWish { get; set; }

    public FrontendRelay Relay => _relay;

    public ServerLink Link => _link;

    public bool IsClosed => _closed;

    /// <summary>Outside a transaction, waiting for nothing.</summary>
    public bool IsAtRest =>
        !AwaitsServer && Cache is not { IsHeld: true } && Admin is not { IsBusy: true }
        && Server is null or { IsBusy: false, Status: TransactionStatus.Idle };

    public void OnReady(EventLoop loop, uint events)
    {
        if (_closed)
            return;

        if ((events & Native.EpollOut) != 0 && !Drain())
            return;

        if ((events & (Native.EpollIn | Native.EpollHup | Native.EpollErr)) == 0)
            return;

        if (Login is { ReadsItself: true } login)
        {
            login.OnReadable();
        }
        else if (MayRelay)
        {
            ReadAndRelay();
        }
        else
        {
            Hold(isReset: (events & (Native.EpollHup | Native.EpollErr)) != 0);
        }
    }

    public void Abort(string reason) => CloseWith(ClientErrors.Internal(reason));

    public void LoggedIn()
    {
        Login = null;
        Cache = KeepsServer ? null : ClientCache.For(this);
        Interlocked.Decrement(ref Proxy.Counters.LoggingIn);
        Proxy.Cancels.Add(this);
    }

    /// <summary>A server connection is here (on this loop) for the client that waited for one.</summary>
    public void OnAssigned(ServerConnection server)
    {
        AwaitsServer = false;
        if (_closed)
        {
            server.Client = null;
            if (server.Replication is null)
                server.Pool.Release(server);
            else
                server.Close("the replication client went away");

            return;
        }

        _link.Attach(server);
        Resume();
    }

    /// <summary>Goes on where it was held: with the login, or with the input kept.</summary>
    public void Resume()
    {
        if (_closed)
            return;

        if (Login is { } login)
        {
            login.OnServerAvailable();
            return;
        }

        if (!MayRelay)
            return;

        ResumeReading();
        if (Transport.Carried > 0)
        {
            Relayed(Transport.TakeCarry(Loop.Inbound));
        }
    }

    public void ResumeReading()
    {
        if (!_closed && !Transport.HasBacklog)
        {
            Transport.ResumeReading(this);
        }
    }

    /// <summary>The server connection said something or finished something of the proxy's own.</summary>
    public void OnServerProgress()
    {
        if (Login is null && !_closed)
        {
            _link.AfterServerRead();
            LeaveIfAnswered();
            Resume();
        }
    }

    public void OnServerLost(ServerConnection server, string reason, bool midMessage)
    {
        bool retry = _link.MayRetry;
        _link.Lost();
        Cache?.Abandon();
        if (_closed)
            return;

        if (retry && server.Replication is null)
        {
            Resume();
        }
        else if (Login is not null && server.Refusal is { } told)
        {
            CloseWith(ClientErrors.ServerError(ErrorFields.Read(told)));
        }
        else if (server.LastFatal is not null || midMessage)
        {
            // The client has the server's own FATAL, or half a message that nothing may follow.
            Close();
        }
        else
        {
            CloseWith(Login is null ? ClientErrors.ServerLost(reason) : ClientErrors.NoServer(reason));
        }
    }

    /// <summary>Ends the session if it is at rest; otherwise it ends as soon as it is.</summary>
    public void OnDrain()
    {
        if (_closed)
            return;

        if (Login is not null || Server is null)
        {
            if (!AwaitsServer && Cache is not { IsHeld: true } && Admin is not { IsBusy: true })
            {
                CloseWith(Login is null ? ClientErrors.ShuttingDown() : ClientErrors.NotAccepting());
            }
        }
        else
        {
            _link.AfterServerRead();
        }
    }

    /// <summary>Sends a last message, unless it would end up inside another one, and closes. Idempotent.</summary>
    public void CloseWith(byte[] lastMessage)
    {
        if (!_closed)
        {
            if (Server is not { InForwardedMessage: true })
            {
                Transport.Send(lastMessage);
            }

            Close();
        }
    }

    /// <param name="graceful">The client said good-bye: what it asked for before is still done, as by a server.</param>
    public void Close(bool graceful = false)
    {
        if (_closed)
            return;

        _closed = true;
        Cache?.OnClosed();
        if (Login is not null)
            Interlocked.Decrement(ref Proxy.Counters.LoggingIn);

        if (Pool is { } pool)
        {
            pool.Withdraw(this);
            if (Login is null && !IsHeadless)
            {
                Proxy.Cancels.Remove(this);
            }

            PoolDirectory.Leave(pool);
        }

        Transport.Close(Proxy.Table);
        if (!IsHeadless)
            Interlocked.Decrement(ref Proxy.Counters.Clients);
        _link.DetachForever(graceful);
    }

    private bool MayRelay => Login is null && !_link.IsHeld && !_relay.IsHeld && !Transport.HasBacklog
        && !AwaitsServer && Cache is not { IsHeld: true } && Admin is not { IsBusy: true }
        && Server is not { Transport.HasBacklog: true };

    private bool Drain()
    {
        if (!Transport.FlushBacklog())
        {
            Close();
            return false;
        }

        if (!Transport.HasBacklog)
        {
            if (Server is { Transport: { } serverTransport } server)
                serverTransport.ResumeReading(server);

            LeaveIfAnswered();
            Resume();
        }

        return !_closed;
    }

    private void ReadAndRelay()
    {
        int carried = Transport.TakeCarry(Loop.Inbound);
        int count = Transport.Receive(Loop.Inbound.AsSpan(carried, EventLoop.ScratchBytes));
        if (count < 0)
        {
            Close();
            return;
        }

        LastActive = Loop.Now;
        if (Pool is { } pool)
            pool.Counters[Loop.Index].BytesFromClients += count;

        Relayed(carried + count);
        if (!_closed && Transport.Tls is { HasPending: true } && MayRelay)
            Loop.CallAgain(this);
    }

    private void Relayed(int length)
    {
        int used = _relay.Pump(Loop.Inbound.AsSpan(0, length), out string? fault);
        if (_closed)
            return;

        if (fault is not null)
        {
            Pool!.OnProtocolError("client", fault);
            CloseWith(ClientErrors.Protocol(fault));
            return;
        }

        Transport.KeepCarry(Loop.Inbound.AsSpan(used, length - used));
        LeaveIfAnswered();
        if (_link.IsReady && Server is { Expected.Count: 0 })
        {
            _link.AfterServerRead(); // nothing was sent that an answer will come for
        }
    }

    private void LeaveIfAnswered()
    {
        if (!_closed && _relay.MayLeave)
            Close(graceful: true);
    }

    /// <summary>Reads on, so that a client that goes away is noticed, but keeps what it reads.</summary>
    private void Hold(bool isReset)
    {
        if (Transport.Carried >= HoldBytes)
        {
            if (isReset)
            {
                Close(_relay.IsLeaving); // epoll goes on telling, whether reading is paused or not
                return;
            }

            Transport.PauseReading();
            return;
        }

        int carried = Transport.TakeCarry(Loop.Inbound);
        int count = Transport.Receive(Loop.Inbound.AsSpan(carried, EventLoop.ScratchBytes));
        if (count < 0)
        {
            Close(_relay.IsLeaving);
            return;
        }

        Transport.KeepCarry(Loop.Inbound.AsSpan(0, carried + count));
    }
}
