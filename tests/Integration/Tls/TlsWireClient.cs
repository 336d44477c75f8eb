using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Freshet.Tests.Integration.Wire;

namespace Freshet.Tests.Integration.Tls;

/// <summary>A raw client that speaks TLS: from its first byte, or after SSLRequest. It believes any certificate; what
/// libpq does with a wrong one is libpq's matter.</summary>
internal sealed class TlsWireClient : IDisposable
{
    private readonly Socket _socket;
    private readonly SslStream _stream;

    private TlsWireClient(Socket socket, SslStream stream)
    {
        _socket = socket;
        _stream = stream;
    }

    public int ProcessId { get; private set; }

    public byte[] SecretKey { get; private set; } = [];

    public SslApplicationProtocol Protocol => _stream.NegotiatedApplicationProtocol;

    /// <summary>TLS from the first byte.</summary>
    /// <exception cref="AuthenticationException">The peer refused the handshake.</exception>
    public static TlsWireClient ConnectDirectly(int port, params string[] protocols) => Connect(port, [], protocols);

    /// <summary>TLS after an SSLRequest that was answered with yes.</summary>
    public static TlsWireClient ConnectAfterRequest(int port) => Connect(port, Frontend.SslRequest(), []);

    public void Send(params byte[][] messages)
    {
        _stream.Write(messages.SelectMany(message => message).ToArray());
        _stream.Flush();
    }

    /// <summary>Logs in by trust.</summary>
    public TlsWireClient Login(string user, string database)
    {
        Send(Frontend.StartupMessage(Frontend.Version30, ("user", user), ("database", database)));
        ReadUntil('Z');
        return this;
    }

    public WireMessage ReadUntil(char type)
    {
        while (true)
        {
            var message = Read();
            if (message.Type == type)
            {
                return message;
            }

            if (message.Type is 'E' && type is 'Z')
            {
                throw new InvalidDataException(message.ToString());
            }
        }
    }

    public bool IsClosed() => _stream.ReadByte() < 0;

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private static TlsWireClient Connect(int port, byte[] request, string[] protocols)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000, SendTimeout = 10_000 };
        SslStream? stream = null;
        try
        {
            socket.Connect("127.0.0.1", port);
            if (request.Length > 0)
            {
                socket.Send(request);
                var answer = new byte[1];
                if (socket.Receive(answer) is 0 || answer[0] is not (byte)'S')
                {
                    throw new InvalidDataException($"the answer to SSLRequest is {answer[0]}");
                }
            }

            stream = new SslStream(new NetworkStream(socket));
            stream.AuthenticateAsClient(new SslClientAuthenticationOptions
            {
                TargetHost = "127.0.0.1",
                ApplicationProtocols = [.. protocols.Select(name => new SslApplicationProtocol(name))],
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            });
            return new TlsWireClient(socket, stream);
        }
        catch
        {
            stream?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    private WireMessage Read()
    {
        var header = new byte[5];
        _stream.ReadExactly(header);
        var body = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - 4];
        _stream.ReadExactly(body);
        var message = new WireMessage((char)header[0], body);
        if (message.Type is 'K')
        {
            (ProcessId, SecretKey) = (message.Int32(0), body[4..]);
        }

        return message;
    }
}
