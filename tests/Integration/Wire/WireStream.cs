using System.Buffers.Binary;
using System.Net.Sockets;

namespace Freshet.Tests.Integration.Wire;

/// <summary>A blocking socket that speaks in messages. Every read ends, after ten seconds unless said.</summary>
internal sealed class WireStream : IDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;

    /// <param name="socket">Owned from now on.</param>
    /// <param name="patience">Longest wait for the peer; null: <see cref="Patience"/>.</param>
    public WireStream(Socket socket, TimeSpan? patience = null)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _socket.ReceiveTimeout = (int)(patience ?? Patience).TotalMilliseconds;
        _socket.SendTimeout = (int)Patience.TotalMilliseconds;
    }

    /// <summary>Longest wait of a read from now on.</summary>
    public TimeSpan ReadLimit
    {
        set => _socket.ReceiveTimeout = (int)value.TotalMilliseconds;
    }

    /// <summary>Bytes per packet; 0: as many as fit. Small packets make the reader meet every split point.</summary>
    public int PacketBytes { get; set; }

    public void Write(params byte[][] messages)
    {
        var bytes = messages.SelectMany(message => message).ToArray();
        var packet = PacketBytes is 0 ? Math.Max(bytes.Length, 1) : PacketBytes;
        for (var offset = 0; offset < bytes.Length; offset += packet)
        {
            var part = bytes.AsSpan(offset, Math.Min(packet, bytes.Length - offset));
            while (part.Length > 0)
            {
                part = part[_socket.Send(part)..];
            }
        }
    }

    /// <summary>The next message with a type byte; null when the peer has closed between two messages.</summary>
    public WireMessage? TryRead()
    {
        Span<byte> header = stackalloc byte[5];
        return Fill(header, mayEnd: true)
            ? new WireMessage((char)header[0], Body(BinaryPrimitives.ReadInt32BigEndian(header[1..])))
            : null;
    }

    /// <summary>A message of the startup, which has no type byte; null when the peer has closed.</summary>
    public byte[]? TryReadStartup()
    {
        Span<byte> header = stackalloc byte[4];
        return Fill(header, mayEnd: true) ? Body(BinaryPrimitives.ReadInt32BigEndian(header)) : null;
    }

    /// <summary>One byte, as the answer to SSLRequest; null when the peer has closed.</summary>
    public char? TryReadByte()
    {
        Span<byte> one = stackalloc byte[1];
        return Fill(one, mayEnd: true) ? (char)one[0] : null;
    }

    /// <summary>Whether a message has come or the peer has closed within that time.</summary>
    public bool Poll(TimeSpan time) => _socket.Poll(time, SelectMode.SelectRead);

    /// <summary>Says that nothing more will be sent; the peer's answers can still be read.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Closes with a reset instead of an orderly end.</summary>
    public void Abort()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Close();
    }

    public void Dispose() => _socket.Dispose();

    private byte[] Body(int length)
    {
        if (length is < 4 or > 1 << 30)
        {
            throw new InvalidDataException($"a message claims {length} bytes");
        }

        var body = new byte[length - 4];
        Fill(body, mayEnd: false);
        return body;
    }

    private bool Fill(Span<byte> bytes, bool mayEnd)
    {
        var filled = 0;
        while (filled < bytes.Length)
        {
            var count = Receive(bytes[filled..]);
            if (count is 0 && mayEnd && filled is 0)
            {
                return false;
            }

            filled += count is 0 ? throw new EndOfStreamException("the peer closed inside a message") : count;
        }

        return true;
    }

    private int Receive(Span<byte> bytes)
    {
        try
        {
            return _socket.Receive(bytes);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionReset)
        {
            return 0;
        }
        catch (SocketException exception)
            when (exception.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            throw new TimeoutException($"no answer within {_socket.ReceiveTimeout} ms", exception);
        }
    }
}
