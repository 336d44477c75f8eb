using Freshet.Core.Consistency;
using Freshet.Core.Policy;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// One client's part in the cache: its floor (nothing older than what it has seen may be served to it), the result
/// that is being taken down from its query, and what it waits for. Used on the client's loop only.
/// </summary>
internal sealed class ClientCache(ClientSession client, DatabaseCache database, LoopCache loop)
{
    /// <summary>Of <see cref="_hitFollows"/>: from which on a hit is expected; the most.</summary>
    private const int Expected = 2, Sure = 3;

    private SettingsSet? _contextSettings;
    private CacheContext? _context;
    private PolicyClass? _policies;

    /// <summary>Goes up with each answer of the server that a hit followed, and down with each that none did, as a
    /// processor foretells a branch.</summary>
    private int _hitFollows;

    /// <summary>No hit has come since the server's last answer.</summary>
    private bool _isRaised;

    public ClientSession Client { get; } = client;

    public DatabaseCache Database { get; } = database;

    public LoopCache Loop { get; } = loop;

    /// <summary>The pulse whose LSN the stream must have reached before anything is served from the cache; 0: the
    /// client has seen nothing that the stream has not reached.</summary>
    public long FloorTicket { get; private set; }

    /// <summary>In strict mode: the pulse that began after the request under way arrived; 0: none drawn.</summary>
    public long RequestTicket { get; set; }

    /// <summary>The later of the two; 0: it need not wait.</summary>
    public long NeededTicket => Math.Max(FloorTicket, RequestTicket);

    /// <summary>The result under way at the server; null: it is not to be stored.</summary>
    public Fill? Fill { get; set; }

    /// <summary>Input is held until the stream has come far enough, or another client's query is done.</summary>
    public bool IsHeld { get; private set; }

    /// <summary><see cref="System.Diagnostics.Stopwatch"/> ticks at which it goes past the cache.</summary>
    public long Deadline { get; private set; }

    /// <summary>The query of another client that it waits for; null: none.</summary>
    public Fill? Awaited { get; private set; }

    /// <summary>While held: it waits for the stream.</summary>
    public bool AwaitsFloor => Awaited is null && BridgeBy == 0;

    /// <summary>The transaction under way has executed DDL, GRANT or the like.</summary>
    public bool ChangesDefinitions { get; set; }

    /// <summary>The request has waited in vain: it goes to the server.</summary>
    public bool GoesPast { get; set; }

    /// <summary>Bounded mode, beyond the maximum age: until then it waits for the renewal, after that the database
    /// counts as slow and the old result is served. 0: it does not wait for one.</summary>
    public long BridgeBy { get; set; }

    /// <summary>Of a session without a client: its one request has been answered, or will not be. Called
    /// once.</summary>
    public Action? OnDone { get; set; }

    /// <summary>The request under way has been counted.</summary>
    public bool IsCounted { get; set; }

    /// <summary>How long it waits for another client's query: as long as for a server connection.</summary>
    public long LongestWait =>
        (long)((Client.Pool!.Settings.WaitTimeout is { Ticks: > 0 } limit ? limit.TotalSeconds : 120)
            * System.Diagnostics.Stopwatch.Frequency);

    /// <summary>Null: sessions of this database and mode are not cached.</summary>
    public static ClientCache? For(ClientSession client) =>
        client.Proxy.Cache.Enter(client.Pool!) is { } database
            ? new ClientCache(client, database, client.Proxy.LoopCaches[client.Loop.Index])
            : null;

    /// <summary>What the configuration and the statement's own hint say of it for this session.</summary>
    public ResultPolicy Policy(CachedStatement statement)
    {
        PolicyClass? policies = _policies;
        if (policies is not { IsCurrent: true })
        {
            _policies = policies = Database.Policies.ClassOf(
                Client.Pool!.UserName, Client.State.Settings.Find("application_name") ?? "");
        }

        return policies.For(statement);
    }

    /// <summary>Null: nothing may be cached for this session now.</summary>
    public CacheContext? Context()
    {
        SettingsSet settings = Client.State.Settings;
        if (!ReferenceEquals(settings, _contextSettings))
        {
            _contextSettings = settings;
            _policies = null;
            _context = Database.FindContext(Client.Pool!.UserName, settings);
        }

        return _context;
    }

    public void Hold(long deadline, Fill? awaited)
    {
        IsHeld = true;
        Deadline = deadline;
        Awaited = awaited;
    }

    public void Release()
    {
        IsHeld = false;
        Awaited = null;
    }

    /// <summary>It was answered from the cache.</summary>
    public void OnHit()
    {
        RequestTicket = 0;
        BridgeBy = 0;
        _hitFollows = _isRaised ? Math.Min(_hitFollows + 1, Sure) : _hitFollows;
        _isRaised = false;
    }

    /// <summary>The floor has been reached: whatever the stream shows from now on is newer.</summary>
    public void ClearFloor() => FloorTicket = 0;

    /// <summary>The query of another client that this one waited for has ended.</summary>
    public void OnAwaitedEnd(Fill fill, bool published)
    {
        if (IsHeld && ReferenceEquals(Awaited, fill))
        {
            if (!published)
            {
                GiveUpWaiting();
            }

            Loop.Resume(this);
        }
    }

    /// <summary>What it waited for will not come: it goes to the server, or takes what is old.</summary>
    public void GiveUpWaiting()
    {
        if (BridgeBy == 0)
        {
            GoesPast = true;
            Database.Counters[Loop.Loop.Index].FloorTimeouts += Awaited is null ? 1 : 0;
        }

        BridgeBy = Math.Min(BridgeBy, 1);
    }

    /// <summary>The server has said ReadyForQuery; the client will be told next.</summary>
    public void OnReady(ServerConnection server)
    {
        CacheCounters counters = Database.Counters[Loop.Loop.Index];
        if (!IsCounted)
        {
            counters.Count(CacheResult.Transaction);
        }

        IsCounted = false;
        bool ended = server.Status == TransactionStatus.Idle;
        if (Fill is { } fill)
        {
            Fill = null;
            Finish(fill, ended, server.QueryStartedAt, counters);
        }

        if (ended)
        {
            if (ChangesDefinitions)
            {
                ChangesDefinitions = false;
                Database.Freshness.SchemaChanged();
            }

            RaiseFloor();
            TellDone();
        }
    }

    /// <summary>The server connection is lost, or the client: what was under way will not be complete.</summary>
    public void Abandon()
    {
        Fill? fill = Fill;
        Fill = null;
        fill?.End(published: false);
    }

    public void OnClosed()
    {
        Abandon();
        TellDone();
        Awaited?.StopAwaiting(this);
        if (IsHeld)
        {
            Release();
            Loop.Forget(this);
        }
    }

    private void TellDone()
    {
        Action? done = OnDone;
        OnDone = null;
        done?.Invoke();
    }

    private void Finish(Fill fill, bool ended, long startedAt, CacheCounters counters)
    {
        long now = System.Diagnostics.Stopwatch.GetTimestamp();
        if (!ended)
        {
            fill.Spoil(CacheResult.Transaction);
        }

        int microseconds = (int)Math.Min(int.MaxValue, PoolCounters.Microseconds(now - startedAt));
        if (fill.Complete(now, microseconds, Database.Freshness.Pulses.Next))
        {
            Loop.Publish(fill);
            return;
        }

        if (fill.Spoiled == CacheResult.OversizedResult)
        {
            counters.Count(CacheResult.OversizedResult);
        }

        fill.End(published: false);
    }

    /// <summary>What the client has now seen or done, the stream may not have reached yet.</summary>
    private void RaiseFloor()
    {
        RequestTicket = 0;
        GoesPast = false;
        BridgeBy = 0;
        PulseBook pulses = Database.Freshness.Pulses;
        FloorTicket = pulses.Next;
        _hitFollows = _isRaised ? Math.Max(_hitFollows - 1, 0) : _hitFollows;
        _isRaised = true;
        if (_hitFollows >= Expected && Database.Freshness.IsLive)
        {
            // Begun now, the wait is mostly over when the next query comes. Who writes on, or never hits, needs none.
            pulses.Want(FloorTicket, urgent: true);
        }
    }
}
