using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Freshet.Core.Wire;

namespace Freshet.Tests.Unit.Proxy;

/// <summary>The least of a PostgreSQL server: lets everybody in and answers each message as if it worked, with one
/// row per query. A thread per connection; ends when its peers do.</summary>
internal sealed class AnsweringServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _sockets = [];
    private readonly Lock _lock = new();
    private readonly Thread _acceptor;

    public AnsweringServer()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _acceptor = new Thread(Accept) { IsBackground = true, Name = "answering server" };
        _acceptor.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public int Connections
    {
        get
        {
            lock (_lock)
            {
                return _sockets.Count;
            }
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        lock (_lock)
        {
            _sockets.ForEach(socket => socket.Dispose());
        }

        _acceptor.Join();
    }

    private static void Answer(MessageWriter answer, byte type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case FrontendMessage.Query:
                Describe(answer);
                Execute(answer);
                Ready(answer);
                break;
            case FrontendMessage.Parse:
                answer.Begin(BackendMessage.ParseComplete).End();
                break;
            case FrontendMessage.Bind:
                answer.Begin(BackendMessage.BindComplete).End();
                break;
            case FrontendMessage.Close:
                answer.Begin(BackendMessage.CloseComplete).End();
                break;
            case FrontendMessage.Describe:
                if (body[0] == (byte)'S')
                {
                    answer.Begin(BackendMessage.ParameterDescription).Int16(0).End();
                }

                Describe(answer);
                break;
            case FrontendMessage.Execute:
                Execute(answer);
                break;
            case FrontendMessage.Sync:
                Ready(answer);
                break;
        }
    }

    private static void Describe(MessageWriter answer) =>
        answer.Begin(BackendMessage.RowDescription).Int16(1)
            .CString("?column?"u8).Int32(0).Int16(0).Int32(23).Int16(4).Int32(-1).Int16(0).End();

    private static void Execute(MessageWriter answer) =>
        answer.Begin(BackendMessage.DataRow).Int16(1).Int32(1).Byte((byte)'1').End()
            .Begin(BackendMessage.CommandComplete).CString("SELECT 1"u8).End();

    private static void Ready(MessageWriter answer) =>
        answer.Begin(BackendMessage.ReadyForQuery).Byte((byte)'I').End();

    private void Accept()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = _listener.Accept();
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                return; // disposed: the test is over
            }

            socket.NoDelay = true;
            lock (_lock)
            {
                _sockets.Add(socket);
            }

            new Thread(() => Serve(socket)) { IsBackground = true, Name = "answering session" }.Start();
        }
    }

    private static void Serve(Socket socket)
    {
        byte[] input = new byte[256 * 1024];
        int have = 0;
        bool started = false;
        var answer = new MessageWriter(64 * 1024);
        try
        {
            while (true)
            {
                int count = socket.Receive(input, have, input.Length - have, SocketFlags.None);
                if (count == 0)
                {
                    return;
                }

                have += count;
                int used = Take(input.AsSpan(0, have), answer, ref started);
                input.AsSpan(used, have - used).CopyTo(input);
                have -= used;
                socket.Send(answer.Written);
                answer.Clear();
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The proxy or the test closed the connection: that is how a session ends.
        }
    }

    private static int Take(ReadOnlySpan<byte> data, MessageWriter answer, ref bool started)
    {
        int used = 0;
        while (data.Length - used >= WireLimits.HeaderBytes)
        {
            int head = started ? 1 : 0;
            int total = BinaryPrimitives.ReadInt32BigEndian(data[(used + head)..]) + head;
            if (data.Length - used < total)
            {
                break;
            }

            if (started)
            {
                Answer(answer, data[used], data[(used + 5)..(used + total)]);
            }
            else
            {
                started = true;
                answer.Begin(BackendMessage.Authentication).Int32(0).End()
                    .Begin(BackendMessage.ParameterStatus).CString("server_version"u8).CString("17.0"u8).End()
                    .Begin(BackendMessage.ParameterStatus).CString("TimeZone"u8).CString("UTC"u8).End()
                    .Begin(BackendMessage.BackendKeyData).Int32(4711).Int32(1).End();
                Ready(answer);
            }

            used += total;
        }

        return used;
    }
}
