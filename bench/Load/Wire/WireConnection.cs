using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Wire;

/// <summary>A blocking client that asks and streams COPY as cheaply as it can: it looks at message headers only, and at
/// the one value that it was asked for. Not thread-safe.</summary>
internal sealed class WireConnection : IDisposable
{
    private const int HeaderBytes = 5;

    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
        ReceiveTimeout = 60_000,
        SendTimeout = 60_000,
    };

    private readonly byte[] buffer = new byte[256 * 1024];
    private int start;
    private int end;

    private WireConnection() { }

    public static WireConnection Open(int port, ClientLogin login)
    {
        var connection = new WireConnection();
        try
        {
            connection.socket.Connect(IPAddress.Loopback, port);
            connection.socket.Send(login.Startup());
            while (!login.IsDone)
            {
                var received = connection.ReceiveSome();
                if (login.Receive(connection.buffer.AsSpan(0, received)) is { Length: > 0 } answer)
                    connection.socket.Send(answer);
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs a statement to ReadyForQuery; returns the bytes of all messages that came.</summary>
    public long Run(string sql, CancellationToken cancellationToken)
    {
        SendQuery(sql);
        return ReadUntil('Z', cancellationToken);
    }

    /// <summary>Runs a query to ReadyForQuery; returns its first row as text, null for NULL.</summary>
    /// <exception cref="BenchException">There is no row, or one that is longer than the buffer.</exception>
    public string?[] ReadRow(string sql, CancellationToken cancellationToken)
    {
        SendQuery(sql);
        SkipTo('D', cancellationToken);
        var length = MessageLength();
        if (length > buffer.Length)
            throw new BenchException($"{sql}: a row of {length} bytes");
        Need((int)length);
        var row = buffer.AsSpan(start + HeaderBytes, (int)length - HeaderBytes);
        var values = new string?[BinaryPrimitives.ReadInt16BigEndian(row)];
        row = row[2..];
        for (var column = 0; column < values.Length; column++)
        {
            var bytes = BinaryPrimitives.ReadInt32BigEndian(row);
            row = row[4..];
            if (bytes < 0)
                continue;
            values[column] = Encoding.UTF8.GetString(row[..bytes]);
            row = row[bytes..];
        }

        ReadUntil('Z', cancellationToken);
        return values;
    }

    /// <summary>The first value of <see cref="ReadRow"/>, which must be a number.</summary>
    public long ReadNumber(string sql, CancellationToken cancellationToken) =>
        long.Parse(ReadRow(sql, cancellationToken)[0] ?? "", CultureInfo.InvariantCulture);

    /// <summary>Sends the same row again and again as CopyData messages; returns the bytes sent.</summary>
    public long CopyIn(string sql, ReadOnlySpan<byte> row, long rows, CancellationToken cancellationToken)
    {
        SendQuery(sql);
        ReadUntil('G', cancellationToken);
        var message = Message('d', row);
        var messages = Math.Max(1, buffer.Length / message.Length);
        var batch = new byte[messages * message.Length];
        for (var at = 0; at < batch.Length; at += message.Length)
            message.CopyTo(batch, at);

        long sent = 0;
        for (var left = rows; left > 0; left -= messages)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var bytes = (int)Math.Min(left, messages) * message.Length;
            socket.Send(batch.AsSpan(0, bytes));
            sent += bytes;
        }

        socket.Send(Message('c', []));
        ReadUntil('Z', cancellationToken);
        return sent;
    }

    public void Dispose() => socket.Dispose();

    private static byte[] Message(char type, ReadOnlySpan<byte> body)
    {
        var message = new byte[HeaderBytes + body.Length];
        message[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + body.Length);
        body.CopyTo(message.AsSpan(HeaderBytes));
        return message;
    }

    private void SendQuery(string sql) => socket.Send(Message('Q', Encoding.UTF8.GetBytes(sql + "\0")));

    /// <summary>Skips messages up to and with the first of a type; returns the bytes of all of them.</summary>
    private long ReadUntil(char type, CancellationToken cancellationToken)
    {
        var before = SkipTo(type, cancellationToken);
        var length = MessageLength();
        Skip(length);
        return before + length;
    }

    /// <summary>Skips messages up to the first of a type, whose header is in the buffer then. Bodies longer than the
    /// buffer are dropped piece by piece.</summary>
    private long SkipTo(char type, CancellationToken cancellationToken)
    {
        for (long total = 0; ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Need(HeaderBytes);
            var found = (char)buffer[start];
            if (found == type)
                return total;
            var length = MessageLength();
            if (found == 'E')
            {
                var shown = (int)Math.Min(length, buffer.Length);
                Need(shown);
                throw new BenchException("the server answered: " + Encoding.UTF8
                    .GetString(buffer.AsSpan(start + HeaderBytes, shown - HeaderBytes)).Replace('\0', ' '));
            }

            if (found == 'Z')
                throw new BenchException($"the server answered without a message of type '{type}'");
            total += length;
            Skip(length);
        }
    }

    private long MessageLength() => 1L + BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(start + 1));

    private void Need(int bytes)
    {
        if (end - start >= bytes)
            return;
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        (start, end) = (0, end - start);
        while (end < bytes)
            end += ReceiveSome();
    }

    private void Skip(long bytes)
    {
        var buffered = Math.Min(bytes, end - start);
        start += (int)buffered;
        for (var left = bytes - buffered; left > 0;)
        {
            (start, end) = (0, 0);
            end = ReceiveSome();
            start = (int)Math.Min(left, end);
            left -= start;
        }
    }

    private int ReceiveSome()
    {
        var received = socket.Receive(buffer.AsSpan(end));
        return received > 0 ? received : throw new BenchException("the connection was closed in the middle");
    }
}
