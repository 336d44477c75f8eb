using Freshet.Core.Sql;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Clients;

/// <summary>
/// How a client comes by a server connection and gives it back: acquire, check, bring its settings into line, lend;
/// at the end of a transaction find out what the session left behind, pin or release. While one of the proxy's own
/// queries runs the link is <em>held</em> and the client's input waits.
/// </summary>
internal sealed class ServerLink(ClientSession client)
{
    private bool _checked;
    private ServerOperation? _running;

    /// <summary>A query of the proxy's own is under way.</summary>
    public bool IsHeld => _running is not null;

    /// <summary>The linked connection is in the session's state: messages may go to it.</summary>
    public bool IsReady { get; private set; }

    /// <summary>If the connection died now, nothing of the client's would be lost: none of its bytes were sent.
    /// </summary>
    public bool MayRetry => _running is CheckServer or ApplySettings;

    /// <summary>True when there is a server connection ready for the client's next message; false: the client is
    /// held and will be resumed, or is closed.</summary>
    public bool TryReady()
    {
        if (client.Server is null)
        {
            if (client.Pool!.Acquire(client) is not { } server)
            {
                return false;
            }

            client.Pool.Counters[client.Loop.Index].Waited(0);
            Link(server);
        }

        return TryPrepare();
    }

    /// <summary>Takes over a connection that the client has waited for.</summary>
    public void Attach(ServerConnection server)
    {
        client.Pool!.Counters[client.Loop.Index].Waited(Math.Max(0, client.Loop.Now - client.WaitingSince));
        Link(server);
    }

    /// <summary>Brings a freshly linked connection into the session's state; false while that takes a round trip.
    /// </summary>
    public bool TryPrepare()
    {
        ServerConnection server = client.Server!;
        if (!_checked)
        {
            _checked = true;
            if (server.IdleSince > 0 && CheckDue(server))
            {
                Run(server, new CheckServer(client, server.Pool.Settings.ServerCheckQuery));
                return false;
            }
        }

        if (client.KeepsServer || ReferenceEquals(server.Settings, client.State.Settings))
        {
            IsReady = true;
            return true;
        }

        if (server.Settings.Equals(client.State.Settings))
        {
            client.State.Settings = server.Settings;
            IsReady = true;
            return true;
        }

        Run(server, new ApplySettings(client, server.Settings));
        return false;
    }

    /// <summary>One of the proxy's own queries is done: go on.</summary>
    public void EndHold()
    {
        _running = null;
        if (!client.IsClosed)
        {
            client.Resume();
        }
    }

    /// <summary>The session's state is known again: keep the connection if it is pinned, and go on.</summary>
    public void EndProbe()
    {
        _running = null;
        AfterServerRead();
        if (!client.IsClosed)
        {
            client.Resume();
        }
    }

    /// <summary>The connection proved dead when it was tried: nothing of the client's was sent, take another.</summary>
    public void Retry(ServerConnection server)
    {
        server.Client = null;
        Lost();
        server.Close("the check query failed");
        client.Resume();
    }

    /// <summary>The connection is gone, whatever it was doing.</summary>
    public void Lost()
    {
        _running = null;
        IsReady = false;
        client.Server = null;
    }

    /// <summary>After each read from the server: is the transaction over, is the session to end?</summary>
    public void AfterServerRead()
    {
        if (client.Server is not { } server || IsHeld)
        {
            return;
        }

        client.Relay.OnServerProgress(server);
        if (client.Mode == PoolMode.Statement && server.Status != TransactionStatus.Idle)
        {
            client.CloseWith(ClientErrors.StatementMode());
            return;
        }

        if (server.IsBusy || server.Status != TransactionStatus.Idle || client.Relay.MidMessage)
        {
            return;
        }

        if (!client.KeepsServer && !client.Relay.IsHeld)
        {
            SettleLoneSetting(server);
            if (client.State.HasUnknownSetting)
            {
                client.State.HasUnknownSetting = false;
                SetPins(client.State.Pins | PinReasons.UnknownSetting);
            }

            if (client.State.NeedsProbe)
            {
                Run(server, new StateProbe(client));
                return;
            }

            client.State.ResetUnderWay = false;
            client.State.SettingsBeforeDiscard = null;
            client.State.Pending = StatementTraits.None;
            if (client.State.Pins == PinReasons.None)
            {
                Unlink(server);
            }
        }

        if (client.Proxy.Draining && !client.Transport.HasBacklog)
        {
            client.CloseWith(ClientErrors.ShuttingDown());
        }
    }

    /// <summary>The client is gone: its connection is cleaned and given back where that is safe, else closed.</summary>
    /// <param name="graceful">The client asked for the end: queries under way are let finish.</param>
    public void DetachForever(bool graceful)
    {
        if (client.Server is not { } server)
        {
            return;
        }

        client.Server = null;
        server.Client = null;
        if (server.State != ServerState.Active || server.Replication is not null || client.State.Unclean)
        {
            server.Close("its client went away");
        }
        else if (
            graceful && server is { IsBusy: true, OpenBatch: false, SkippingToSync: false, CopyIn.Receiving: false }
        )
        {
            server.CleanWhenDone(ResetNeeded);
        }
        else if (server.IsBusy || client.Relay.MidMessage || IsHeld)
        {
            client.Proxy.CancelQueues.StopBackend(server);
            server.Close("its client went away in the middle of a query");
        }
        else
        {
            server.MoveTo(server.Loop, ServerState.Cleaning);
            CleanServer.Begin(server, ResetNeeded);
        }
    }

    private bool ResetNeeded =>
        client.KeepsServer
        || client.State.Pins != PinReasons.None
        || client.State.Pending != StatementTraits.None
        || client.State.LoneSetting is not null
        || client.State.SqlUnderWay is not null;

    public static void OnCancelDone(ServerConnection server)
    {
        server.CancelsUnderWay--;
        if (server is { CancelsUnderWay: 0, State: ServerState.Cleaning, Client: null, IsClean: true })
        {
            server.Pool.Release(server);
        }
    }

    /// <summary>Pins or unpins the session by what the server says it left behind.</summary>
    public void SetPins(PinReasons pins)
    {
        PinReasons added = pins & ~client.State.Pins;
        for (int i = 0; i < PinReasonNames.All.Length; i++)
        {
            if ((added & PinReasonNames.All[i].Reason) != 0)
            {
                client.Pool!.Counters[client.Loop.Index].Pins[i]++;
            }
        }

        client.State.Pins = pins;
        client.State.Unclean |= (pins & PinReasons.UnknownSetting) != 0;
    }

    private static bool CheckDue(ServerConnection server)
    {
        PoolSnapshot settings = server.Pool.Settings;
        return settings.ServerCheckQuery.Length > 0
            && System.Diagnostics.Stopwatch.GetElapsedTime(server.IdleSince, server.Loop.Now)
                >= settings.ServerCheckDelay;
    }

    private void Link(ServerConnection server)
    {
        _checked = false;
        IsReady = false;
        client.Server = server;
        server.Client = client;
        server.QueryStartedAt = server.TransactionStartedAt = client.Loop.Now;
    }

    private void Run(ServerConnection server, ServerOperation operation)
    {
        _running = operation;
        server.Run(operation);
    }

    private void Unlink(ServerConnection server)
    {
        client.Server = null;
        IsReady = false;
        server.Client = null;
        server.Transport!.ResumeReading(server);
        server.Pool.Release(server);
    }

    /// <summary>A single SET or RESET outside a transaction: the text told what it does, success says that it did.
    /// Parameters that the server reports are known from its own words.</summary>
    private void SettleLoneSetting(ServerConnection server)
    {
        if (client.State.LoneSetting is not { } setting)
        {
            return;
        }

        client.State.LoneSetting = null;
        if (client.State.SawError || server.Reported.ContainsKey(setting.Name))
        {
            return;
        }

        SettingsSet changed = setting.Value is { } value
            ? server.Settings.With(setting.Name, value)
            : server.Settings.Without(setting.Name);
        server.Settings = changed;
        client.State.Settings = setting.Value is null ? changed.Reset(setting.Name, client.State.Baseline) : changed;
    }
}
