using System.Buffers.Binary;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Servers;

namespace Freshet.Server.Proxy.Relay;

/// <summary>
/// Server → client: walks the message headers, forwards the bytes, and looks inside only where the session's state
/// depends on it. Rows, copy data and notices stream through, whatever their size; what must be seen whole is capped
/// at <see cref="WholeMessageBytes"/>. Answers are matched with the <see cref="ExpectedQueue"/>: that tells which
/// ReadyForQuery is the last one due, and where the proxy's own answers belong in the stream.
/// </summary>
internal sealed class BackendRelay(ServerConnection server)
{
    /// <summary>Longest ParameterStatus, CommandComplete or row of the proxy's own queries.</summary>
    internal const int WholeMessageBytes = 64 * 1024;

    /// <summary>SQLSTATE and message stand in the first bytes of an ErrorResponse, which may be long itself.</summary>
    private const int ErrorPrefixBytes = 4096;

    private static ReadOnlySpan<byte> ParseComplete => "1\0\0\0\x4"u8;
    private static ReadOnlySpan<byte> CloseComplete => "3\0\0\0\x4"u8;

    private readonly ResponseEffects _effects = new(server);
    private int _bodyLeft;
    private bool _bodySwallowed;
    private bool _completesAfterBody;

    /// <summary>Takes the message under way down for the cache.</summary>
    private Fill? _taker;

    /// <summary>Part of a message has been passed on: nothing may be put in front of the rest.</summary>
    public bool MidMessage => _bodyLeft > 0;

    /// <summary>The client has got a part of a message: nothing but the rest of it may follow.</summary>
    public bool InForwardedMessage => _bodyLeft > 0 && !_bodySwallowed;

    /// <summary>The bytes used, or -1 when the server broke the protocol (<paramref name="fault"/> says how).</summary>
    public int Process(ReadOnlySpan<byte> data, ref RelayOutput output, out string? fault)
    {
        fault = null;
        int position = 0;
        while (position < data.Length)
        {
            if (_bodyLeft > 0)
            {
                int part = Math.Min(_bodyLeft, data.Length - position);
                PassBody(data, position, part, ref output);
                position += part;
                continue;
            }

            AnswerLocally(ref output);
            int available = data.Length - position;
            if (available < WireLimits.HeaderBytes)
            {
                break;
            }

            byte type = data[position];
            int length = BinaryPrimitives.ReadInt32BigEndian(data[(position + 1)..]);
            if (length < 4 || length > WireLimits.LargeMessageBytes)
            {
                fault = $"message '{(char)type}' announces {length} bytes";
                return -1;
            }

            int total = length + 1;
            int needed = BytesNeeded(type, total);
            if (needed > WholeMessageBytes)
            {
                fault = $"message '{(char)type}' of {length} bytes is longer than {WholeMessageBytes}";
                return -1;
            }

            if (available < needed)
            {
                break;
            }

            // An error is judged by its prefix only, however much of it is there.
            int taken = type == BackendMessage.ErrorResponse ? needed : Math.Min(available, total);
            if (!Take(type, data, position, taken, total, ref output, out fault))
            {
                return -1;
            }

            position += taken;
        }

        // Also behind a body whose rest was all that came: nothing else may ever follow.
        AnswerLocally(ref output);
        return position;
    }

    /// <summary>Emits the proxy's own answers whose turn has come.</summary>
    public void AnswerLocally(ref RelayOutput output)
    {
        ExpectedQueue expected = server.Expected;
        while (_bodyLeft == 0 && expected.Count > 0 && expected.Front.Local)
        {
            switch (expected.Take().Kind)
            {
                case ExpectedKind.Parse:
                    output.Insert(ParseComplete);
                    break;
                case ExpectedKind.Close:
                    output.Insert(CloseComplete);
                    break;
            }
        }
    }

    private int BytesNeeded(byte type, int total) =>
        type switch
        {
            BackendMessage.DataRow when server.Expected is { Count: > 0, Front.Reference: ServerOperation } => total,
            BackendMessage.ErrorResponse => Math.Min(total, ErrorPrefixBytes),
            BackendMessage.ReadyForQuery
            or BackendMessage.CommandComplete
            or BackendMessage.ParameterStatus
            or BackendMessage.ParseComplete
            or BackendMessage.BindComplete
            or BackendMessage.CloseComplete => total,
            _ => WireLimits.HeaderBytes,
        };

    /// <summary>Handles a message of which at least the needed part is there; starts streaming the rest.</summary>
    private bool Take(
        byte type, ReadOnlySpan<byte> data, int at, int taken, int total, ref RelayOutput output, out string? fault)
    {
        ReadOnlySpan<byte> body = data[(at + WireLimits.HeaderBytes)..(at + taken)];
        ExpectedQueue expected = server.Expected;
        bool swallow = expected.Count > 0 && expected.Front.Swallow;
        bool completes = false;
        fault = null;
        if (!AnswerRules.IsDue(type, expected))
        {
            fault = $"message '{(char)type}' that nothing asked for";
            return false;
        }

        switch (type)
        {
            case BackendMessage.DataRow:
                if (swallow && expected.Front.Reference is ServerOperation operation)
                {
                    operation.OnRow(body);
                }

                break;
            case BackendMessage.ReadyForQuery:
                if (!_effects.Ready(body, out swallow))
                {
                    fault = "ReadyForQuery that nothing asked for";
                    return false;
                }
                break;
            case BackendMessage.ParseComplete or BackendMessage.BindComplete or BackendMessage.CloseComplete:
                if (!_effects.Completes(type))
                {
                    fault = $"message '{(char)type}' that nothing asked for";
                    return false;
                }

                break;
            case BackendMessage.CommandComplete:
                _effects.CommandComplete(body);
                completes = expected is { Count: > 0, Front.Kind: ExpectedKind.Execute };
                break;
            case BackendMessage.EmptyQueryResponse or BackendMessage.PortalSuspended:
                completes = expected is { Count: > 0, Front.Kind: ExpectedKind.Execute };
                break;
            case BackendMessage.RowDescription or BackendMessage.NoData:
                completes = expected.Count > 0
                    && expected.Front.Kind is (ExpectedKind.DescribeStatement or ExpectedKind.DescribePortal);
                break;
            case BackendMessage.ErrorResponse:
                swallow = _effects.Error(body, ref output);
                break;
            case BackendMessage.ParameterStatus:
                swallow = !_effects.ParameterStatus(body, swallow, ref output);
                break;
            case BackendMessage.CopyInResponse:
                BeginCopyIn(expected);
                break;
            case BackendMessage.NotificationResponse:
                swallow = false;
                break;
        }

        _bodyLeft = total;
        _bodySwallowed = swallow;
        _completesAfterBody = completes;
        _taker = swallow ? null : TakerOf(type, total);
        PassBody(data, at, taken, ref output);
        return true;
    }

    private void BeginCopyIn(ExpectedQueue expected)
    {
        int ignored = expected.RemoveSyncs(out bool ended);
        server.CopyIn.Begin(ignored, ended);
        server.OpenBatch |= ignored > 0 && !expected.ReadyIsDue; // those Syncs have ended nothing
    }

    private Fill? TakerOf(byte type, int total) =>
        server.Client?.Cache?.Fill is { } fill && fill.Wants(type, total) ? fill : null;

    private void PassBody(ReadOnlySpan<byte> data, int at, int count, ref RelayOutput output)
    {
        if (!_bodySwallowed)
        {
            output.Forward(at, at + count);
            _taker?.Append(data.Slice(at, count));
        }

        _bodyLeft -= count;
        if (_bodyLeft == 0 && _completesAfterBody)
        {
            _completesAfterBody = false;
            server.Expected.Take();
            AnswerLocally(ref output);
        }
    }
}
