using System.Buffers.Binary;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Admin;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Relay;

/// <summary>
/// Client → server: walks the message headers and forwards the bytes. In session mode that is nearly all; otherwise
/// statement names are exchanged (<see cref="StatementRouter"/>) and query texts are looked at
/// (<see cref="QueryInspector"/>). A message is held in one piece only where its beginning decides what happens to it,
/// and then at most <see cref="WholeMessageBytes"/>; everything longer streams.
/// </summary>
internal sealed class FrontendRelay(ClientSession client)
{
    /// <summary>Longest query text or message head that is waited for.</summary>
    internal const int WholeMessageBytes = 64 * 1024;

    private readonly LocalAnswers _local = new(client);
    private int _bodyLeft;
    private LongTextScanner? _longText;
    private bool _dropBody;
    private bool _paused;

    /// <summary>Nothing more is sent until all answers are in: a statement under way changes what is prepared.
    /// </summary>
    private bool _barrier;

    /// <summary>A message about a named statement waits for the batches before its own.</summary>
    private bool _statementsOpen;

    public bool MidMessage => _bodyLeft > 0;

    /// <summary>The client said good-bye, and answers are due to it: nothing it sends is looked at any more.</summary>
    public bool IsLeaving { get; private set; }

    /// <summary>It has all answers that will come: a server answers no batch without a Sync, and a COPY would wait for
    /// the client.</summary>
    public bool MayLeave =>
        IsLeaving
        && !client.Transport.HasBacklog
        && (client.Replication is not null
            || client.Server is null or { Expected.ReadyIsDue: false } or { CopyIn.Receiving: true });

    public LocalAnswers Local => _local;

    public bool IsHeld => _paused || _barrier || _statementsOpen || IsLeaving;

    /// <summary>Relays what it can. The bytes used; fewer than given when the client has to wait or a message is
    /// incomplete. <paramref name="fault"/>: the client broke the protocol.</summary>
    public int Pump(ReadOnlySpan<byte> data, out string? fault)
    {
        fault = null;
        int position = 0;
        if (client.Server is null && !MidMessage && !TryPass(data, ref position, out fault))
        {
            return position;
        }

        return client.Link.IsReady || client.Link.TryReady()
            ? PumpTo(client.Server!, data, position, out fault)
            : position;
    }

    /// <summary>Answers arrived: lifts what they were waited for.</summary>
    public void OnServerProgress(ServerConnection server)
    {
        if (_paused && server.Expected.Count < ExpectedQueue.ResumeBelow)
        {
            _paused = false;
        }

        _statementsOpen &= server.Expected.StatementsAreOpen;
        if (_barrier && server.Expected.Count == 0)
        {
            _barrier = false;
            server.Expected.Shrink();
            if (client.State.SqlUnderWay is { } done)
            {
                client.State.SqlUnderWay = null;
                if (!client.State.SawError)
                {
                    SqlStatements.Settle(client, server, done.Name, done.Text);
                }
            }
        }
    }

    /// <summary>Answers what needs no server. True: the next message has to go to one.</summary>
    private bool TryPass(ReadOnlySpan<byte> data, ref int position, out string? fault)
    {
        while (true)
        {
            position += _local.Take(data[position..], out bool needsServer, out fault);
            if (!needsServer || fault is not null || client.IsClosed)
            {
                return false;
            }

            if (client.Cache is not { } cache)
            {
                return true;
            }

            CacheDecision decision = cache.Loop.Gate.Decide(cache, data[position..], out int used);
            position += used;
            AdminTaking taking = decision == CacheDecision.Pass
                ? AdminGate.AtRest(client, data, ref position)
                : AdminTaking.Other;
            bool answered = decision == CacheDecision.Served || taking == AdminTaking.Taken;
            if (!answered || client.IsClosed || client.Transport.HasBacklog || client.Admin is { IsBusy: true })
            {
                return decision == CacheDecision.Pass && taking == AdminTaking.Other;
            }
        }
    }

    private int PumpTo(ServerConnection server, ReadOnlySpan<byte> data, int position, out string? fault)
    {
        var output = new RelayOutput(server.Transport, data, client.Loop.Staging);
        position = Relay(server, data, position, ref output, out fault);
        if (client.IsClosed)
        {
            return position;
        }

        if (!output.Flush())
        {
            server.Close("cannot send to the server: " + server.Transport!.Failure);
            return position;
        }

        if (server.Transport!.HasBacklog)
        {
            client.Transport.PauseReading();
        }

        server.AnswerLocally();
        return position;
    }

    private int Relay(
        ServerConnection server, ReadOnlySpan<byte> data, int position, ref RelayOutput output, out string? fault)
    {
        fault = null;
        while (position < data.Length)
        {
            if (_bodyLeft > 0)
            {
                position = PassBody(data, position, ref output);
                continue;
            }

            _dropBody = false;

            if (server.Expected.Count > ExpectedQueue.PauseAbove)
            {
                _paused = true;
                client.Transport.PauseReading();
                break;
            }

            if (_barrier || client.Admin is { IsBusy: true } || data.Length - position < WireLimits.HeaderBytes)
            {
                break;
            }

            byte type = data[position];
            int length = BinaryPrimitives.ReadInt32BigEndian(data[(position + 1)..]);
            fault = FrontendRules.Fault(type, length);
            if (fault is not null)
            {
                break;
            }

            int available = Math.Min(data.Length - position, length + 1);
            if (available < BytesNeeded(type, length + 1))
            {
                break;
            }

            if (type == FrontendMessage.Terminate)
            {
                IsLeaving = true; // what stands before it is still to be done
                break;
            }

            int used = Take(server, type, data.Slice(position, available), position, length + 1, ref output);
            if (used < 0)
            {
                break;
            }

            position += used;
        }

        return position;
    }

    /// <summary>How much of a message must be there before it can be judged.</summary>
    private int BytesNeeded(byte type, int total) =>
        type switch
        {
            FrontendMessage.Query => total <= WholeMessageBytes ? total : WireLimits.HeaderBytes,
            FrontendMessage.Parse => total <= ParseLimit ? total : Math.Min(total, WholeMessageBytes),
            FrontendMessage.Bind => client.KeepsServer ? WireLimits.HeaderBytes : Math.Min(total, WholeMessageBytes),
            FrontendMessage.CopyData => WireLimits.HeaderBytes,
            FrontendMessage.FunctionCall or FrontendMessage.CopyFail => WireLimits.HeaderBytes,
            _ => total,
        };

    private int ParseLimit => client.KeepsServer
        ? WholeMessageBytes
        : Math.Min(client.Proxy.Snapshot.MaxSharedStatementBytes, EventLoop.MostCarried);

    /// <summary>Takes one message, whole or its beginning; the bytes used, or -1 when it has to wait.</summary>
    private int Take(
        ServerConnection server, byte type, ReadOnlySpan<byte> message, int at, int total, ref RelayOutput output)
    {
        if (server.SkippingToSync)
        {
            return Skip(server, type, message, at, total, ref output);
        }

        if (!server.IsRunning)
        {
            server.QueryStartedAt = client.Loop.Now;
            client.State.SawError = false;
            if (server is { Status: TransactionStatus.Idle, OpenBatch: false })
            {
                server.TransactionStartedAt = client.Loop.Now;
            }
        }

        // Not by what happens to be there: what a text means must not depend on how the bytes arrived.
        bool whole = total <= (type == FrontendMessage.Parse ? ParseLimit : WholeMessageBytes);
        if (!client.KeepsServer)
        {
            if (server.Expected.StatementsAreOpen && FrontendRules.NamesStatement(type, message))
            {
                _statementsOpen = true;
                return -1;
            }

            InspectionResult result = Inspect(server, type, message, whole, ref output);
            switch (result.Action)
            {
                case InspectionAction.Wait:
                    _barrier = true;
                    return -1;
                case InspectionAction.Answered:
                    return message.Length;
                case InspectionAction.Done:
                    _barrier |= result.Barrier;
                    server.OpenBatch |= type != FrontendMessage.Query;
                    _bodyLeft = total - result.Used;
                    return result.Used;
            }

            _barrier |= result.Barrier;
        }
        else
        {
            SessionModeWatch.Look(client, type, message, whole);
        }

        Expect(server, type, message);
        if (type != FrontendMessage.Sync || !server.CopyIn.Receiving)
        {
            server.OpenBatch = FrontendRules.LeavesBatchOpen(type) ?? server.OpenBatch;
        }

        output.Forward(at, at + message.Length);
        _bodyLeft = total - message.Length;
        EndLongText();
        return message.Length;
    }

    private InspectionResult Inspect(
        ServerConnection server, byte type, ReadOnlySpan<byte> message, bool whole, ref RelayOutput output)
    {
        if (client.Admin is not null && AdminGate.Linked(client, server, message) is { } admin)
        {
            return admin;
        }

        return type switch
        {
            FrontendMessage.Query when whole => QueryInspector.Inspect(client, server, message, ref output),
            FrontendMessage.Parse when whole => StatementRouter.Parse(client, server, message, ref output),
            FrontendMessage.Bind => StatementRouter.Bind(client, server, message, ref output),
            FrontendMessage.Describe => StatementRouter.Describe(client, server, message, ref output),
            FrontendMessage.Close => StatementRouter.Close(client, server, message, ref output),
            FrontendMessage.FunctionCall => QueryInspector.OnFunctionCall(client),
            FrontendMessage.Query or FrontendMessage.Parse => LongText(type, message),
            _ => InspectionResult.Forward,
        };
    }

    /// <summary>The server ignores everything up to the next Sync: so does the proxy, lest it count on answers.
    /// </summary>
    private int Skip(
        ServerConnection server, byte type, ReadOnlySpan<byte> message, int at, int total, ref RelayOutput output)
    {
        if (type == FrontendMessage.Sync)
        {
            server.SkippingToSync = false;
            server.OpenBatch = false;
            server.Expected.Add(new ExpectedResponse(ExpectedKind.Sync, ExpectedFlags.None, null));
            output.Forward(at, at + message.Length);
        }
        else
        {
            _dropBody = true;
        }

        _bodyLeft = total - message.Length;
        return message.Length;
    }

    private InspectionResult LongText(byte type, ReadOnlySpan<byte> message)
    {
        _longText = new LongTextScanner(client.State.StandardConformingStrings);
        if (type == FrontendMessage.Query)
        {
            _longText.Feed(message[WireLimits.HeaderBytes..]);
        }
        else
        {
            StatementRouter.LongParse(client, message);
            ReadOnlySpan<byte> body = message[WireLimits.HeaderBytes..];
            _longText.Feed(body[(body.IndexOf((byte)0) + 1)..]);
        }

        return InspectionResult.Forward;
    }

    private void Expect(ServerConnection server, byte type, ReadOnlySpan<byte> message)
    {
        switch (type)
        {
            case FrontendMessage.CopyDone or FrontendMessage.CopyFail when server.CopyIn.Receiving:
                server.CopyIn.ClientDone();
                break;
            case FrontendMessage.CopyDone or FrontendMessage.CopyFail when server.Expected.Count > 0:
                // The copy that it ends may not have begun yet: the Syncs behind it are none of the copy's.
                server.Expected.Add(new ExpectedResponse(ExpectedKind.CopyEnd, ExpectedFlags.Local, null));
                break;
            case FrontendMessage.Sync when server.CopyIn.Receiving:
                server.CopyIn.IgnoredSyncs++;
                break;
            case FrontendMessage.Describe:
                ExpectedKind described = message.Length > 5 && message[5] == (byte)'P'
                    ? ExpectedKind.DescribePortal
                    : ExpectedKind.DescribeStatement;
                server.Expected.Add(new ExpectedResponse(described, ExpectedFlags.None, null));
                break;
            default:
                if (FrontendRules.Answer(type) is { } kind)
                {
                    if (kind == ExpectedKind.Query)
                    {
                        server.Statements.Unnamed = null; // a simple query drops it
                        client.State.Statements?.Unnamed = null;
                    }

                    server.Expected.Add(new ExpectedResponse(kind, ExpectedFlags.None, null));
                }

                break;
        }
    }

    private int PassBody(ReadOnlySpan<byte> data, int position, ref RelayOutput output)
    {
        int part = Math.Min(_bodyLeft, data.Length - position);
        _longText?.Feed(data.Slice(position, part));
        if (!_dropBody)
        {
            output.Forward(position, position + part);
        }

        _bodyLeft -= part;
        EndLongText();
        return position + part;
    }

    private void EndLongText()
    {
        if (_bodyLeft == 0 && _longText is { } text)
        {
            _longText = null;
            QueryInspector.OnLongText(client, text.Finish());
        }
    }
}
