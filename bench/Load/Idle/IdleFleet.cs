using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Freshet.Bench.Load.Rig;
using Freshet.Bench.Load.Wire;

namespace Freshet.Bench.Load.Idle;

/// <summary>
/// Thousands of clients that log in and then do nothing. One thread, non-blocking sockets, a window of logins in
/// flight: the client must not be what is measured. Disposing closes all.
/// </summary>
internal sealed class IdleFleet : IDisposable
{
    /// <summary>Below the shortest listen backlog in use (PgBouncer: 128), so that no SYN is dropped and retried a
    /// second later.</summary>
    private const int InFlight = 64;

    /// <summary>Local ports of one source address that are surely free to use; more clients take the next one.
    /// </summary>
    private const int ClientsPerAddress = 20_000;

    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(30);

    private readonly List<Socket> connected = [];
    private readonly Dictionary<Socket, ClientLogin> logins = [];
    private readonly byte[] buffer = new byte[16 * 1024];
    private readonly Func<ClientLogin> startLogin;
    private readonly int port;

    public IdleFleet(int port, Func<ClientLogin> startLogin) => (this.port, this.startLogin) = (port, startLogin);

    public int Count => connected.Count;

    /// <summary>Returns the time from the first SYN to the last ReadyForQuery.</summary>
    public TimeSpan LogIn(int clients, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var started = 0;
        while (connected.Count < clients)
        {
            cancellationToken.ThrowIfCancellationRequested();
            while (started < clients && logins.Count < InFlight)
                Start(started++);

            var readable = logins.Keys.ToList();
            Socket.Select(readable, null, null, StallLimit);
            if (readable.Count == 0)
            {
                throw new BenchException(
                    $"no answer for {StallLimit.TotalSeconds:0} s after {connected.Count} of {clients} logins");
            }

            foreach (var socket in readable)
                Continue(socket);
        }

        return watch.Elapsed;
    }

    /// <summary>Clients to which the pooler has said something since, or whose connection it has closed.</summary>
    public int CountDisturbed()
    {
        var readable = connected.ToList();
        Socket.Select(readable, null, null, TimeSpan.Zero);
        return readable.Count;
    }

    public void Dispose()
    {
        foreach (var socket in connected.Concat(logins.Keys))
            socket.Dispose();
    }

    private void Start(int number)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            var address = new IPAddress([127, 0, 0, (byte)(1 + number / ClientsPerAddress)]);
            if (number >= ClientsPerAddress)
                socket.Bind(new IPEndPoint(address, 0));
            // On the loopback device connect() returns at once: the handshake is done when the SYN is queued.
            socket.Connect(IPAddress.Loopback, port);
            var login = startLogin();
            socket.Send(login.Startup());
            socket.Blocking = false;
            logins.Add(socket, login);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void Continue(Socket socket)
    {
        var received = socket.Receive(buffer, SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
            return;
        if (error != SocketError.Success || received == 0)
            throw new BenchException($"the pooler closed login {connected.Count + 1} ({error})");
        var login = logins[socket];
        var answer = login.Receive(buffer.AsSpan(0, received));
        if (answer.Length > 0)
            socket.Send(answer);
        if (!login.IsDone)
            return;
        logins.Remove(socket);
        connected.Add(socket);
    }
}
