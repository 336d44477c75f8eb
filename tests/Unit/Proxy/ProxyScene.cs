using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.State;
using Freshet.Server.Proxy.Transport;

namespace Freshet.Tests.Unit.Proxy;

/// <summary>
/// The data plane's objects without its threads: a pool, and clients and server connections on socket pairs that a
/// test drives by hand, on its own thread, as the loop would. Nothing is ever connected or accepted.
/// </summary>
internal sealed class ProxyScene : IDisposable
{
    private readonly SocketPair _clientSockets = new();
    private readonly SocketPair _serverSockets = new();

    public ProxyScene(PoolSnapshot? pool = null, int threads = 1, Func<ProxySnapshot, ProxySnapshot>? change = null)
    {
        ProxySnapshot snapshot = Snapshot(5432, pool ?? new PoolSnapshot(), threads);
        Proxy = new ProxyState(change is null ? snapshot : change(snapshot), Log);
        Pool = Proxy.Pools.Enter("shop", "app")!;
    }

    public ProxyState Proxy { get; }

    public Pool Pool { get; }

    public SilentLog Log { get; } = new();

    /// <summary>What clients were sent.</summary>
    public List<byte> ToClient { get; } = [];

    /// <summary>What servers were sent.</summary>
    public List<byte> ToServer { get; } = [];

    public static ProxySnapshot Snapshot(int serverPort, PoolSnapshot pool, int threads = 1) =>
        new()
        {
            Listen = [new ListenAddress(IPAddress.Loopback, 0)],
            Threads = threads,
            Auth = AuthMethod.Trust,
            Databases = ImmutableDictionary<string, DatabaseSnapshot>.Empty,
            AnyDatabase = new DatabaseSnapshot(
                "*", "127.0.0.1", serverPort, null, null, null, TlsSnapshot.Disabled, pool),
            Users = ImmutableDictionary<string, UserSnapshot>.Empty.Add("app", new UserSnapshot("app", null)),
        };

    /// <summary>A client that is logged in, and without a server connection.</summary>
    public ClientSession NewClient(int loop = 0, PoolMode mode = PoolMode.Transaction)
    {
        var client = new ClientSession(Proxy, Proxy.Loops[loop], new WireTransport(_clientSockets.Descriptor))
        {
            Pool = Pool,
            Mode = mode,
        };
        client.LoggedIn();
        return client;
    }

    public ServerConnection NewServer(int loop = 0, SettingsSet? startup = null)
    {
        EventLoop home = Proxy.Loops[loop];
        var server = new ServerConnection(Pool, home, startup ?? SettingsSet.Empty, replication: null)
        {
            Transport = new WireTransport(_serverSockets.Descriptor),
        };
        server.MoveTo(home, ServerState.Active);
        return server;
    }

    /// <summary>A client and a server connection that are linked, ready to relay.</summary>
    public (ClientSession Client, ServerConnection Server) NewPair(PoolMode mode = PoolMode.Transaction)
    {
        ClientSession client = NewClient(0, mode);
        ServerConnection server = NewServer();
        client.Transport.Join(client.Loop, Proxy.Table.Register(client), Native.EpollIn);
        server.PollId = Proxy.Table.Register(server);
        server.Transport!.Join(server.Loop, server.PollId, Native.EpollIn);
        client.Link.Attach(server);
        return (client, server);
    }

    /// <summary>Gives the pair's place in the poll set free; the sockets stay for the next pair.</summary>
    public void Drop(ClientSession client, ServerConnection server)
    {
        client.Transport.Leave();
        server.Transport!.Leave();
        Collect();
        ToClient.Clear();
        ToServer.Clear();
    }

    public void ClientSends(ReadOnlySpan<byte> bytes) => _clientSockets.Far.Send(bytes);

    public void ServerSends(ReadOnlySpan<byte> bytes) => _serverSockets.Far.Send(bytes);

    /// <summary>The server takes that many bytes, which are forgotten.</summary>
    public void ServerReads(int count) => _serverSockets.Far.Receive(new byte[count]);

    public void Collect()
    {
        _clientSockets.Drain(ToClient);
        _serverSockets.Drain(ToServer);
    }

    public void Dispose()
    {
        foreach (EventLoop loop in Proxy.Loops)
        {
            loop.Dispose();
        }

        _clientSockets.Dispose();
        _serverSockets.Dispose();
    }

    /// <summary>Keeps what was logged.</summary>
    internal sealed class SilentLog : IProxyLog
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public void Write(ProxyLogLevel level, string message) => Lines.Enqueue($"{level}: {message}");
    }
}
