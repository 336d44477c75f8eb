using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Freshet.Tests.Integration.Wire;

/// <summary>
/// Stands between the proxy and a real server and hands every connection's bytes on, each direction on a thread of its
/// own. What the server says goes through the connection's <see cref="RelayFilter"/>, which may delay or spoil it.
/// </summary>
internal sealed class ServerRelay : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly ConcurrentBag<Thread> _threads = [];
    private readonly ConcurrentQueue<Exception> _failures = new();
    private volatile IPEndPoint _server;
    private readonly Func<int, RelayFilter> _filters;
    private readonly Thread _acceptor;
    private volatile bool _isStopping;
    private int _connections;

    /// <param name="serverPort">The real server's, on the loopback.</param>
    /// <param name="filters">Makes the filter of a connection by its number, from 0; cancel requests are connections,
    /// too.</param>
    public ServerRelay(int serverPort, Func<int, RelayFilter> filters)
    {
        _server = new IPEndPoint(IPAddress.Loopback, serverPort);
        _filters = filters;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        _acceptor = Start("server relay", Accept);
    }

    /// <summary>Where new connections lead from now on, on the loopback.</summary>
    public int ServerPort { set => _server = new IPEndPoint(IPAddress.Loopback, value); }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public void Dispose()
    {
        _isStopping = true;
        _listener.Dispose();
        _acceptor.Join();
        foreach (var socket in _sockets)
        {
            socket.Dispose();
        }

        foreach (var thread in _threads)
        {
            thread.Join();
        }

        if (!_failures.IsEmpty)
        {
            throw new AggregateException("a relayed connection failed", _failures);
        }
    }

    private static Thread Start(string name, ThreadStart body)
    {
        var thread = new Thread(body) { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                Relay(_listener.Accept());
            }
        }
        catch (Exception exception) when (_isStopping && exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void Relay(Socket proxy)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _sockets.Add(proxy);
        _sockets.Add(server);
        proxy.NoDelay = true;
        server.Connect(_server);
        var filter = _filters(_connections++);
        _threads.Add(Start("relay to server", () => Pump(proxy, server, bytes =>
        {
            filter.OnRequest(bytes);
            SendAll(server, bytes);
        })));
        _threads.Add(Start("relay to proxy", () => Pump(server, proxy, bytes =>
            filter.Answer(bytes, part => SendAll(proxy, part)))));
    }

    /// <summary>Until one of both ends; then both are closed.</summary>
    private void Pump(Socket from, Socket to, Action<byte[]> pass)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (var count = from.Receive(buffer); count > 0; count = from.Receive(buffer))
            {
                pass(buffer[..count]);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // One of both has gone, or the test is over.
        }
        catch (Exception exception)
        {
            _failures.Enqueue(exception);
        }
        finally
        {
            to.Dispose();
            from.Dispose();
        }
    }

    private static void SendAll(Socket socket, byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += socket.Send(bytes.AsSpan(sent));
        }
    }
}
