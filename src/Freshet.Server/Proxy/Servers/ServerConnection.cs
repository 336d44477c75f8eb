using System.Text;
using Freshet.Core.Consistency;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Relay;
using Freshet.Server.Proxy.State;
using Freshet.Server.Proxy.Statements;
using Freshet.Server.Proxy.Transport;

namespace Freshet.Server.Proxy.Servers;

/// <summary>
/// One connection to a PostgreSQL server. Owned by one loop at a time; <see cref="State"/> is written last when it is
/// handed over and read first when an event arrives, so that an event which the old loop had already fetched finds
/// either the idle state (and then asks the pool, under its lock) or another owner (and is ignored).
/// </summary>
internal sealed class ServerConnection : IPollHandler
{
    /// <summary>Parameters remembered of one server; PostgreSQL 18 reports 16.</summary>
    private const int MostReported = 200;

    private readonly BackendRelay _relay;
    private readonly ServerLogin _login;
    private volatile ServerState _state = ServerState.Login;
    private volatile EventLoop _loop;
    private bool? _cleanWhenDone;

    public ServerConnection(Pool pool, EventLoop loop, SettingsSet startup, string? replication)
    {
        Pool = pool;
        _loop = loop;
        Startup = startup;
        Replication = replication;
        Generation = pool.Generation;
        CreatedAt = loop.Now;
        _relay = new BackendRelay(this);
        _login = new ServerLogin(this);
    }

    public Pool Pool { get; }

    public EventLoop Loop => _loop;

    public ServerState State => _state;

    public WireTransport? Transport { get; set; }

    public ulong PollId { get; set; }

    public ClientSession? Client { get; set; }

    /// <summary>Start-up parameters it was opened with; empty except in session mode.</summary>
    public SettingsSet Startup { get; }

    /// <summary>The <c>replication</c> start-up parameter; such a connection serves one client and is closed.</summary>
    public string? Replication { get; }

    /// <summary>The pool's generation at its start: after RECONNECT or a changed address older ones are closed.
    /// </summary>
    public int Generation { get; }

    public long CreatedAt { get; }

    public long IdleSince { get; set; }

    /// <summary>Since when it works on the query or transaction under way, the wait for it not included; for time
    /// limits and histograms.</summary>
    public long QueryStartedAt { get; set; }
    public long TransactionStartedAt { get; set; }

    public ServerIdentity? Identity { get; set; }

    /// <summary>Which primary it leads to; null where nobody asked, as nothing is cached by the stream.</summary>
    public PrimaryIdentity? Primary { get; set; }

    /// <summary>From <see cref="Pool.OnServerReady"/> until it is closed, where it was asked.</summary>
    public PrimaryMembership? Membership { get; set; }

    public TransactionStatus Status { get; set; } = TransactionStatus.Idle;

    public ExpectedQueue Expected { get; } = new();

    public ServerStatements Statements { get; } = new();

    public SettingsSet Settings { get; set; } = SettingsSet.Empty;

    /// <summary>All that the server reported at login and since, names as it spells them.</summary>
    public Dictionary<string, string> Reported { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The same as they were right after login: what RESET goes back to.</summary>
    public Dictionary<string, string> Neutral { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A field, not a property: the relay changes it in place.</summary>
    public CopyInState CopyIn;

    /// <summary>Messages of the extended protocol were sent since the last Sync: the implicit transaction is open,
    /// whatever the last ReadyForQuery said.</summary>
    public bool OpenBatch { get; set; }

    /// <summary>After an error it ignores everything up to the next Sync, which has not been sent yet.</summary>
    public bool SkippingToSync { get; set; }

    public bool CloseWhenReleased { get; set; }

    /// <summary>Cancel requests on their way to it; it is lent again only when they have arrived.</summary>
    public int CancelsUnderWay { get; set; }

    /// <summary>The server's own last word (FATAL), for the log and for waiting clients.</summary>
    public string? LastFatal { get; private set; }

    /// <summary>The ErrorResponse that its login ended with.</summary>
    public byte[]? Refusal { get; set; }

    public ServerOperation? CompletedOperation { get; set; }

    /// <summary>An answer is due or on its way.</summary>
    public bool IsRunning => Expected.Count > 0 || _relay.MidMessage;

    /// <summary>It works for its client, or may not be used by another before that one's next Sync.</summary>
    public bool IsBusy => IsRunning || OpenBatch || SkippingToSync;

    /// <summary>Its client said good-bye, and what it had asked for is still being done.</summary>
    public bool FinishesForNobody => _cleanWhenDone is not null;

    /// <summary>Its client has got a part of a message: nothing but the rest of it may follow.</summary>
    public bool InForwardedMessage => _relay.InForwardedMessage;

    /// <summary>Whether it could be lent as it is: idle, nothing due, nothing in doubt.</summary>
    public bool IsClean =>
        !IsBusy && Status == TransactionStatus.Idle && !CopyIn.Doubtful && !CloseWhenReleased
        && Transport is { IsOpen: true, HasBacklog: false, Carried: 0 };

    public void Start() => _login.Start();

    /// <summary>Under the pool's lock, or before anybody else knows the connection.</summary>
    public void MoveTo(EventLoop loop, ServerState state)
    {
        _loop = loop;
        _state = state;
    }

    public void OnReady(EventLoop loop, uint events)
    {
        ServerState state = _state;
        if (_loop != loop || state == ServerState.Closed || (state == ServerState.Idle && !Pool.TryInspect(this)))
        {
            return;
        }

        if (_state == ServerState.Login)
        {
            _login.OnReady(events);
            return;
        }

        if ((events & Native.EpollOut) != 0 && !Drain())
        {
            return;
        }

        if ((events & (Native.EpollIn | Native.EpollHup | Native.EpollErr)) != 0)
        {
            ReadAndRelay();
        }
    }

    public void Abort(string reason) => Close(reason);

    /// <summary>Sends a query of the proxy's own. The caller made sure that nothing else is under way.</summary>
    public void Run(ServerOperation operation)
    {
        byte[] query = new MessageWriter(operation.Sql.Length + 16)
            .Begin(FrontendMessage.Query).Bytes(Encoding.Latin1.GetBytes(operation.Sql)).Byte(0).End().ToArray();
        Expected.Add(new ExpectedResponse(ExpectedKind.Query, ExpectedFlags.Swallow, operation));
        Statements.Unnamed = null; // a simple query drops it
        QueryStartedAt = _loop.Now;
        if (!Transport!.Send(query))
        {
            Close("cannot send to the server: " + Transport.Failure);
        }
    }

    /// <summary>Closes it and tells whoever depends on it. Idempotent.</summary>
    public void Close(string reason)
    {
        if (_state == ServerState.Closed)
        {
            return;
        }

        ServerState was = _state;
        _state = ServerState.Closed;
        if (Transport is { } transport)
        {
            if (was != ServerState.Login && !transport.HasBacklog)
            {
                transport.Send([FrontendMessage.Terminate, 0, 0, 0, 4]);
            }

            transport.Close(Pool.Table);
        }

        ClientSession? client = Client;
        Client = null;
        Pool.OnServerClosed(this, was, reason);
        client?.OnServerLost(this, LastFatal ?? reason, _relay.MidMessage);
    }

    /// <summary>Its client is gone in good order: finishes what was asked, then is cleaned and lent again.</summary>
    public void CleanWhenDone(bool reset)
    {
        _cleanWhenDone = reset;
        MoveTo(_loop, ServerState.Cleaning);
        Transport!.ResumeReading(this);
    }

    public void OnQueryDone()
    {
        PoolCounters counters = Pool.Counters[_loop.Index];
        counters.QueryDone(_loop.Now - QueryStartedAt);
        QueryStartedAt = _loop.Now;
        if (Status == TransactionStatus.Idle)
        {
            counters.TransactionDone(_loop.Now - TransactionStartedAt);
            TransactionStartedAt = _loop.Now;
        }
    }

    public void OnError(ErrorFields error)
    {
        if (Client is { } client)
        {
            client.State.SawError = true;
        }

        Pool.Counters[_loop.Index].Errors++;
        if (error.Severity.SequenceEqual("FATAL"u8) || error.Severity.SequenceEqual("PANIC"u8))
        {
            LastFatal = error.MessageText;
            CloseWhenReleased = true;
        }
    }

    /// <summary>A setting changed. True when the client is to be told: always when it asked itself, and when a value
    /// put in force for it came out in another spelling than it was told.</summary>
    public bool OnParameterStatus(string name, string value, bool swallowed)
    {
        if (Reported.Count < MostReported || Reported.ContainsKey(name))
        {
            Reported[name] = value;
        }

        string lower = SettingsSet.Fold(name);
        if (lower is "in_hot_standby" && !IsNeutral(name, value))
        {
            // A standby that became a primary: another one than it was when it was asked.
            CloseWhenReleased = true;
        }

        if (Replication is not null || ReportedSettings.IsFact(lower))
        {
            return !swallowed;
        }

        bool neutral = IsNeutral(name, value);
        Settings = neutral ? Settings.Without(lower) : Settings.With(lower, value);
        if (Client is not { } client)
        {
            return false;
        }

        string? told = client.State.Settings.Find(lower);
        if (!swallowed || (told is not null && !string.Equals(told, value, StringComparison.Ordinal)))
        {
            client.State.Settings = neutral && client.State.Baseline.Find(lower) is null
                ? client.State.Settings.Without(lower)
                : client.State.Settings.With(lower, value);
            return true;
        }

        return false;
    }

    /// <summary>Gives the proxy's own answers when no answer of the server's stands before or behind them: what
    /// stands behind brings them along in one send.</summary>
    public void AnswerLocally()
    {
        if (Expected.OnlyLocal && Client is { } client)
        {
            var output = new RelayOutput(client.Transport, default, _loop.Staging);
            _relay.AnswerLocally(ref output);
            output.Flush();
        }
    }

    /// <summary>Whether a reported parameter has the value that it had right after login.</summary>
    public bool IsNeutral(string name, string value) =>
        Neutral.TryGetValue(name, out string? initial) && string.Equals(initial, value, StringComparison.Ordinal);

    private bool Drain()
    {
        if (!Transport!.FlushBacklog())
        {
            Close("cannot send to the server: " + Transport.Failure);
            return false;
        }

        if (!Transport.HasBacklog)
        {
            Client?.Resume();
        }

        return true;
    }

    private void ReadAndRelay()
    {
        WireTransport transport = Transport!;
        byte[] inbound = _loop.Inbound;
        int carried = transport.TakeCarry(inbound);
        int count = transport.Receive(inbound.AsSpan(carried, EventLoop.ScratchBytes));
        if (count < 0)
        {
            Close(transport.Failure ?? "server closed the connection unexpectedly");
            return;
        }

        ReadOnlySpan<byte> data = inbound.AsSpan(0, carried + count);
        var output = new RelayOutput(Client?.Transport, data, _loop.Staging);
        int used = _relay.Process(data, ref output, out string? fault);
        bool delivered = output.Flush();
        Pool.Counters[_loop.Index].BytesFromServers += count;
        if (used < 0)
        {
            Pool.OnProtocolError("server", fault!);
            Close("protocol violation by the server: " + fault);
            return;
        }

        transport.KeepCarry(data[used..]);
        if (Client is { } client)
        {
            if (!delivered)
            {
                client.Close();
                return;
            }

            if (client.Transport.HasBacklog)
            {
                transport.PauseReading();
            }
        }

        AfterRelay();
        if (transport is { IsOpen: true, Tls.HasPending: true } && !(Client?.Transport.HasBacklog ?? false))
        {
            _loop.CallAgain(this);
        }
    }

    private void AfterRelay()
    {
        if (CompletedOperation is { } operation)
        {
            CompletedOperation = null;
            operation.Completed(this);
            return;
        }

        if (_cleanWhenDone is { } reset)
        {
            CleanIfDone(reset);
        }
        else if (_state == ServerState.Inspected)
        {
            Pool.EndInspection(this);
        }
        else
        {
            Client?.OnServerProgress();
        }
    }

    private void CleanIfDone(bool reset)
    {
        if (SkippingToSync || CopyIn.Receiving)
        {
            // An error, or a COPY that began only now: it waits for what its client will never send.
            Close("its client went away without the end of its batch");
        }
        else if (!IsBusy)
        {
            _cleanWhenDone = null;
            CleanServer.Begin(this, reset);
        }
    }
}
