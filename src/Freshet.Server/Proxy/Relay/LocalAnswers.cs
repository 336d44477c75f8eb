using System.Buffers.Binary;
using System.Text;
using Freshet.Core.Sql;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;

namespace Freshet.Server.Proxy.Relay;

/// <summary>Messages of a client without a server connection that need none: a Sync or Close at rest, stray copy
/// data, Flush, Terminate. The answers are the server's to the letter.</summary>
internal sealed class LocalAnswers(ClientSession client)
{
    private static ReadOnlySpan<byte> ReadyIdle => "Z\0\0\0\x5I"u8;
    private static ReadOnlySpan<byte> CloseComplete => "3\0\0\0\x4"u8;

    private int _skip;

    /// <summary>The error for whatever comes next, up to its Sync; null: nothing is refused.</summary>
    private byte[]? _rejection;
    private bool _rejectionSent;

    /// <summary>Refuses the next statement: the messages up to its end are answered with this ErrorResponse, as a
    /// server does that finds a mistake in the first of them. A statement that resets the settings goes through.
    /// </summary>
    public void Reject(byte[] error)
    {
        _rejection = error;
        _rejectionSent = false;
    }

    /// <summary>An error was sent: the messages up to the next Sync are ignored.</summary>
    public void SkipToSync()
    {
        _rejection = [];
        _rejectionSent = true;
    }

    /// <summary>The bytes used. <paramref name="needsServer"/>: the next message has to go to a server.</summary>
    public int Take(ReadOnlySpan<byte> data, out bool needsServer, out string? fault)
    {
        needsServer = false;
        fault = null;
        int position = 0;
        while (position < data.Length)
        {
            if (_skip > 0)
            {
                int part = Math.Min(_skip, data.Length - position);
                position += part;
                _skip -= part;
                continue;
            }

            ReadOnlySpan<byte> rest = data[position..];
            if (rest.Length < WireLimits.HeaderBytes)
            {
                break;
            }

            int length = BinaryPrimitives.ReadInt32BigEndian(rest[1..]);
            fault = FrontendRules.Fault(rest[0], length);
            if (fault is not null)
            {
                break;
            }

            if (rest[0] is FrontendMessage.CopyData or FrontendMessage.CopyDone or FrontendMessage.CopyFail)
            {
                _skip = length + 1; // the server accepts and ignores them, too
                continue;
            }

            if (rest[0] is FrontendMessage.Terminate)
            {
                client.Close();
                return position + rest.Length;
            }

            if (_rejection is not null)
            {
                if (rest.Length < Math.Min(length + 1, FrontendRelay.WholeMessageBytes))
                {
                    break;
                }

                if (!ResetsSettings(rest, length + 1))
                {
                    Refuse(rest[0]);
                    _skip = length + 1;
                    continue;
                }
            }

            if (!TryAnswer(rest, length + 1, out needsServer))
            {
                break;
            }

            position += length + 1;
        }

        return position;
    }

    /// <summary>False when the message is incomplete, or for a server.</summary>
    private bool TryAnswer(ReadOnlySpan<byte> message, int total, out bool needsServer)
    {
        needsServer = message[0] is not (FrontendMessage.Sync or FrontendMessage.Flush or FrontendMessage.Close);
        return !needsServer && message.Length >= total && Answer(message[0], message[5..total], out needsServer);
    }

    private bool Answer(byte type, ReadOnlySpan<byte> body, out bool needsServer)
    {
        needsServer = false;
        switch (type)
        {
            case FrontendMessage.Sync:
                client.Transport.Send(ReadyIdle);
                return true;
            case FrontendMessage.Flush:
                return true;
            default:
                // An unknown kind of Close, or one of a name made by SQL's PREPARE, is the server's business.
                needsServer = body.Length < 2 || body[0] is not ((byte)'S' or (byte)'P') || body[^1] != 0
                    || (body[0] == (byte)'S' && IsSqlName(body[1..^1]));
                if (needsServer)
                {
                    return false;
                }

                Forget(body);
                client.Transport.Send(CloseComplete);
                return true;
        }
    }

    /// <summary>True when the message goes through after all, with the settings of the start.</summary>
    private bool ResetsSettings(ReadOnlySpan<byte> message, int total)
    {
        if (_rejectionSent || message[0] != FrontendMessage.Query || message.Length < total || total < 7)
        {
            return false;
        }

        StatementScan scan = StatementScanner.Scan(message[5..(total - 1)], client.State.StandardConformingStrings);
        if (scan.Statements != 1 || (scan.Traits & SessionState.Resetting) == 0)
        {
            return false;
        }

        client.State.Settings = client.State.Baseline;
        _rejection = null;
        return true;
    }

    private void Refuse(byte type)
    {
        if (!_rejectionSent)
        {
            client.Transport.Send(_rejection);
            _rejectionSent = true;
        }

        if (type is FrontendMessage.Query or FrontendMessage.FunctionCall or FrontendMessage.Sync)
        {
            client.Transport.Send(ReadyIdle);
            _rejection = null;
        }
    }

    private bool IsSqlName(ReadOnlySpan<byte> name) =>
        client.State.Statements?.Sql is { Count: > 0 } sql && sql.ContainsKey(Encoding.UTF8.GetString(name));

    private void Forget(ReadOnlySpan<byte> body)
    {
        if (body[0] != (byte)'S' || client.State.Statements is not { } statements)
        {
            return;
        }

        ReadOnlySpan<byte> name = body[1..^1];
        if (name.IsEmpty)
        {
            statements.Unnamed = null;
        }
        else if (statements.Find(name) is { } statement)
        {
            statements.Remove(statement);
        }
    }
}
