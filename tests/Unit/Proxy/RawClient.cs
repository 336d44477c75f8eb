using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Freshet.Core.Wire;

namespace Freshet.Tests.Unit.Proxy;

/// <summary>A client that sends bytes and reads messages, blocking.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,
        ReceiveTimeout = 30_000,
    };

    private readonly byte[] _input = new byte[256 * 1024];
    private int _have;

    public RawClient(int port)
    {
        _socket.Connect(new IPEndPoint(IPAddress.Loopback, port));
        Send(new MessageWriter().BeginUntyped().Int32(ProtocolVersion.Version30)
            .CString("user").CString("app").CString("database").CString("shop").Byte(0).End().ToArray());
        AwaitReady(1);
    }

    /// <summary>Types of the messages read by the last wait.</summary>
    public List<char> Types { get; } = [];

    public void Send(byte[] bytes) => _socket.Send(bytes);

    /// <summary>Sends and waits for as many ReadyForQuery.</summary>
    public void Ask(byte[] bytes, int readies)
    {
        if (bytes.Length > 0)
        {
            Send(bytes);
        }

        AwaitReady(readies);
    }

    public void AwaitReady(int readies)
    {
        Types.Clear();
        while (readies > 0)
        {
            int at = 0;
            while (_have - at >= WireLimits.HeaderBytes)
            {
                int total = BinaryPrimitives.ReadInt32BigEndian(_input.AsSpan(at + 1)) + 1;
                if (_have - at < total)
                {
                    break;
                }

                Types.Add((char)_input[at]);
                readies -= _input[at] == BackendMessage.ReadyForQuery ? 1 : 0;
                at += total;
            }

            _input.AsSpan(at, _have - at).CopyTo(_input);
            _have -= at;
            if (readies > 0)
            {
                int count = _socket.Receive(_input, _have, _input.Length - _have, SocketFlags.None);
                if (count == 0)
                {
                    throw new IOException("the proxy closed the connection; it sent " + string.Concat(Types));
                }

                _have += count;
            }
        }
    }

    public void Dispose() => _socket.Dispose();
}
