using System.Buffers.Binary;

namespace Freshet.Tests.Integration.Wire;

/// <summary>One connection to the scripted server. Belongs to that connection's thread.</summary>
internal sealed class ScriptedSession : IDisposable
{
    private static int s_lastProcessId = 1000;

    private readonly WireStream _stream;

    public ScriptedSession(WireStream stream) => _stream = stream;

    /// <summary>No other session's.</summary>
    public int ProcessId { get; } = Interlocked.Increment(ref s_lastProcessId);

    /// <summary>Lets SSLRequest and GSSENCRequest be answered and reads the StartupMessage; false for a cancel request,
    /// for a peer that only looked or took offence at the answer, and where the answer says that it is the end.
    /// </summary>
    public bool ReadStartup(Func<ScriptedSession, bool> answerEncryption, Action<int>? onCancel = null)
    {
        while (_stream.TryReadStartup() is { } body)
        {
            switch (BinaryPrimitives.ReadInt32BigEndian(body))
            {
                case Frontend.SslRequestCode or Frontend.GssEncRequestCode:
                    if (!answerEncryption(this))
                    {
                        return false;
                    }

                    break;
                case Frontend.CancelRequestCode:
                    onCancel?.Invoke(BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(4)));
                    return false;
                default:
                    return true;
            }
        }

        return false;
    }

    /// <summary>Lets the client in by trust, up to ReadyForQuery.</summary>
    public ScriptedSession AcceptLogin() =>
        Send(
            Backend.AuthenticationOk(),
            Backend.ParameterStatus("server_version", "15.0"),
            Backend.ParameterStatus("server_encoding", "UTF8"),
            Backend.ParameterStatus("client_encoding", "UTF8"),
            Backend.ParameterStatus("standard_conforming_strings", "on"),
            Backend.ParameterStatus("integer_datetimes", "on"),
            Backend.BackendKeyData(ProcessId, 4711),
            Backend.ReadyForQuery()
        );

    public int PacketBytes
    {
        get => _stream.PacketBytes;
        set => _stream.PacketBytes = value;
    }

    public ScriptedSession Send(params byte[][] messages)
    {
        _stream.Write(messages);
        return this;
    }

    /// <summary>The next message; null when the proxy has closed.</summary>
    public WireMessage? TryRead() => _stream.TryRead();

    /// <summary>Reads one message of that type. Queries of the proxy itself (checks, resets) are answered on the way
    /// when <paramref name="answerOthers"/> says so.</summary>
    public WireMessage Expect(char type, Func<WireMessage, bool>? answerOthers = null)
    {
        while (true)
        {
            var message = TryRead() ?? throw new EndOfStreamException($"the proxy closed; expected '{type}'");
            if (answerOthers?.Invoke(message) is true)
            {
                continue;
            }

            return message.Type == type
                ? message
                : throw new InvalidDataException($"expected '{type}', the proxy sent '{message.Type}'");
        }
    }

    /// <summary>Answers every simple query with one row, every batch as empty statements, until the proxy leaves.
    /// </summary>
    public void Serve(string value = "1")
    {
        while (TryRead() is { } message && message.Type is not 'X')
        {
            Answer(message, value);
        }
    }

    public void Answer(WireMessage message, string value)
    {
        switch (message.Type)
        {
            case 'Q':
                Send(
                    Backend.RowDescription("value"),
                    Backend.DataRow(value),
                    Backend.CommandComplete("SELECT 1"),
                    Backend.ReadyForQuery()
                );
                break;
            case 'P':
                Send(Backend.ParseComplete());
                break;
            case 'B':
                Send(Backend.BindComplete());
                break;
            case 'D':
                Send(Backend.NoData());
                break;
            case 'E':
                Send(Backend.CommandComplete("SELECT 0"));
                break;
            case 'S':
                Send(Backend.ReadyForQuery());
                break;
            default:
                throw new InvalidDataException($"the script has no answer to '{message.Type}'");
        }
    }

    /// <summary>Ends the connection with a reset, as a killed server does.</summary>
    public void Die() => _stream.Abort();

    public void Dispose() => _stream.Dispose();
}
