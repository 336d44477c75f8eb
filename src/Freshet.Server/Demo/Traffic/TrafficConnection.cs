using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Freshet.Core.Wire;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Demo.Sample;

namespace Freshet.Server.Demo.Traffic;

/// <summary>
/// A PostgreSQL client of the least cost, for the traffic generator: blocking, protocol 3.0, unnamed statements with
/// text parameters, one write and one wait per statement. It stands in for an application's driver: client, proxy and
/// server share the machine's cores, so what the client spends is taken from what is measured. One thread at a time;
/// <see cref="Dispose"/> may be called from another one to break a wait.
/// </summary>
internal sealed class TrafficConnection : IDisposable
{
    private const int LargestMessage = 1 << 20; // our own statements answer with a few kilobytes
    private const int PatienceMilliseconds = 30_000;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
        ReceiveTimeout = PatienceMilliseconds,
        SendTimeout = PatienceMilliseconds,
    };

    private byte[] _received = new byte[8_192];
    private int _start;
    private int _end;
    private byte[] _outgoing = new byte[2_048];
    private int _length;
    private int _messageStart;

    /// <summary>Connects and logs in; returns at the first ReadyForQuery. May be called once.</summary>
    public void Open(EndPoint server, string user, string database, ScramSecret secret)
    {
        try
        {
            _socket.Connect(server);
            LogIn(user, database, secret);
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            throw Broken(broken);
        }
    }

    /// <summary>Runs the request's statements, as a transaction if there are several.</summary>
    /// <returns>The rows that came back.</returns>
    public int Execute(SampleRequest request)
    {
        try
        {
            if (!request.IsTransaction)
                return Run(request.Statements[0]);
            RunSimple("BEGIN");
            var rows = 0;
            foreach (var statement in request.Statements)
                rows += Run(statement);
            RunSimple("COMMIT");
            return rows;
        }
        catch (Exception broken) when (broken is SocketException or ObjectDisposedException)
        {
            throw Broken(broken);
        }
    }

    /// <summary>Says goodbye (Terminate) and closes.</summary>
    public void Close()
    {
        try
        {
            Begin('X');
            Finish();
            Flush();
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The server closed first: the goodbye is a courtesy.
        }
        Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private void LogIn(string user, string database, ScramSecret secret)
    {
        _length = 4;
        Put(ProtocolVersion.Version30);
        foreach (var text in (string[])["user", user, "database", database, "application_name", "freshet demo", ""])
            Put(text);
        BinaryPrimitives.WriteInt32BigEndian(_outgoing, _length);
        Flush();

        var scram = secret.Begin();
        while (true)
        {
            var (type, body) = Receive();
            if (type == 'Z')
                return;
            if (type != 'R')
                continue; // ParameterStatus, BackendKeyData, NoticeResponse
            var data = body[4..];
            switch (BinaryPrimitives.ReadInt32BigEndian(body))
            {
                case 0:
                    break;
                case 10: // AuthenticationSASL
                    Expect(ScramResult.Continue, scram.Start(data), scram);
                    Begin('p');
                    Put(scram.Mechanism);
                    Put(scram.Output.Length);
                    PutBytes(scram.Output);
                    Finish();
                    Flush();
                    break;
                case 11: // AuthenticationSASLContinue
                    Expect(ScramResult.Continue, ScramSecret.Answer(scram, data), scram);
                    Begin('p');
                    PutBytes(scram.Output);
                    Finish();
                    Flush();
                    break;
                case 12: // AuthenticationSASLFinal
                    Expect(ScramResult.Success, secret.End(scram, data), scram);
                    break;
                default:
                    throw new TrafficException("28000", "the server wants something else than scram-sha-256");
            }
        }
    }

    private static void Expect(ScramResult wanted, ScramResult result, ScramClientExchange scram)
    {
        if (result != wanted)
            throw new TrafficException(scram.Error?.SqlState ?? "28000", scram.Error?.Message ?? $"SCRAM: {result}");
    }

    private void RunSimple(string sql)
    {
        Begin('Q');
        Put(sql);
        Finish();
        Flush();
        ReceiveUntilReady();
    }

    private int Run(SampleStatement statement)
    {
        Begin('P');
        Put("");
        Put(statement.Sql);
        PutShort(0);
        Finish();
        Begin('B');
        Put("");
        Put("");
        PutShort(0);
        PutShort(statement.Parameters.Length);
        foreach (var parameter in statement.Parameters)
        {
            Put(Encoding.UTF8.GetByteCount(parameter));
            PutBytes(parameter);
        }
        PutShort(0);
        Finish();
        Begin('E');
        Put("");
        Put(0);
        Finish();
        Begin('S');
        Finish();
        Flush();
        return ReceiveUntilReady();
    }

    private int ReceiveUntilReady()
    {
        var rows = 0;
        while (true)
        {
            var (type, _) = Receive();
            if (type == 'D')
                rows++;
            else if (type == 'Z')
                return rows;
        }
    }

    /// <summary>The next message; its body is valid until the next call. An ErrorResponse becomes an exception: every
    /// visit ends with the first error, so nothing after it is of interest.</summary>
    private MessageView Receive()
    {
        Fill(5);
        var size = BinaryPrimitives.ReadInt32BigEndian(_received.AsSpan(_start + 1));
        if (size is < 4 or > LargestMessage)
            throw new TrafficException("08P01", $"message of {size} bytes from the server");
        Fill(1 + size);
        var message = new MessageView((char)_received[_start], _received.AsSpan(_start + 5, size - 4));
        _start += 1 + size;
        return message.Type == 'E' ? throw ErrorOf(message.Body) : message;
    }

    private void Fill(int count)
    {
        if (_received.Length - _start < count)
        {
            var target = _received.Length >= count ? _received : new byte[int.Max(count, _received.Length * 2)];
            _received.AsSpan(_start, _end - _start).CopyTo(target);
            (_received, _start, _end) = (target, 0, _end - _start);
        }
        while (_end - _start < count)
        {
            var got = _socket.Receive(_received.AsSpan(_end));
            if (got == 0)
                throw new TrafficException("08006", "the server closed the connection");
            _end += got;
        }
    }

    private static TrafficException ErrorOf(ReadOnlySpan<byte> fields)
    {
        var (state, message) = ("XX000", "");
        foreach (var field in Encoding.UTF8.GetString(fields).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            if (field[0] == 'C')
                state = field[1..];
            else if (field[0] == 'M')
                message = field[1..];
        }
        return new TrafficException(state, message);
    }

    private static TrafficException Broken(Exception reason) => new("08006", reason.Message, reason);

    private void Begin(char type)
    {
        Reserve(5);
        _outgoing[_length] = (byte)type;
        _messageStart = _length + 1;
        _length += 5;
    }

    private void Finish() =>
        BinaryPrimitives.WriteInt32BigEndian(_outgoing.AsSpan(_messageStart), _length - _messageStart);

    private void Flush()
    {
        var sent = 0;
        while (sent < _length)
            sent += _socket.Send(_outgoing.AsSpan(sent, _length - sent));
        _length = 0;
    }

    private void Put(string text)
    {
        PutBytes(text);
        Reserve(1);
        _outgoing[_length++] = 0;
    }

    private void PutBytes(string text)
    {
        Reserve(Encoding.UTF8.GetByteCount(text));
        _length += Encoding.UTF8.GetBytes(text, _outgoing.AsSpan(_length));
    }

    private void PutBytes(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_outgoing.AsSpan(_length));
        _length += bytes.Length;
    }

    private void Put(int value)
    {
        Reserve(4);
        BinaryPrimitives.WriteInt32BigEndian(_outgoing.AsSpan(_length), value);
        _length += 4;
    }

    private void PutShort(int value)
    {
        Reserve(2);
        BinaryPrimitives.WriteInt16BigEndian(_outgoing.AsSpan(_length), (short)value);
        _length += 2;
    }

    private void Reserve(int count)
    {
        if (_outgoing.Length - _length < count)
            Array.Resize(ref _outgoing, int.Max(_outgoing.Length * 2, _length + count));
    }

    private readonly ref struct MessageView(char type, ReadOnlySpan<byte> body)
    {
        public char Type { get; } = type;

        public ReadOnlySpan<byte> Body { get; } = body;

        public void Deconstruct(out char messageType, out ReadOnlySpan<byte> messageBody)
        {
            messageType = Type;
            messageBody = Body;
        }
    }
}
