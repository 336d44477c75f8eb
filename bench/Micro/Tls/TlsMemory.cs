using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Tls;

namespace Freshet.Bench.Micro.Tls;

/// <summary>Resident memory per idle session, with the managed object of its socket, in both options alike. The peers
/// live in a process of their own. Each session has served a round trip before it idles.</summary>
internal static class TlsMemory
{
    private const int Sessions = 2_000;
    private const int Warm = 200;

    public static void Run(string option)
    {
        using var certificate = new BenchCertificate();
        using var clients = TlsContext.ForClients(certificate.Snapshot);
        Func<Socket, ITlsSide> create = option switch
        {
            "openssl" => socket => new OpenSslSide(clients.CreateForClient((int)socket.Handle, directTls: false)),
            "sslstream" => socket => new SslStreamSide(socket, certificate.Context),
            _ => throw new ArgumentException($"{option} is neither openssl nor sslstream.", nameof(option)),
        };
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(512);
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["tls-peer", $"{port}", $"{Warm + Sessions}"])
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        using Process peer = Process.Start(start)!;
        var kept = new List<(Socket Socket, ITlsSide Side)>(Warm + Sessions);
        byte[] buffer = new byte[400];
        for (int i = 0; i < Warm; i++)
            kept.Add(Serve(listener, create, buffer));
        long before = Resident();
        for (int i = 0; i < Sessions; i++)
            kept.Add(Serve(listener, create, buffer));
        long after = Resident();
        Console.WriteLine($"{option,-10} {(after - before) / 1024.0 / Sessions:F1} KB resident per idle session");
        foreach ((Socket socket, ITlsSide side) in kept)
        {
            side.Dispose();
            socket.Dispose();
        }

        peer.StandardInput.Close();
        peer.WaitForExit();
    }

    public static void RunPeer(int port, int count)
    {
        using var servers = TlsContext.ForServers(new TlsSnapshot(TlsMode.Require, null, null, null));
        var kept = new List<(Socket Socket, TlsSession Session)>(count);
        byte[] buffer = new byte[400];
        for (int i = 0; i < count; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(IPAddress.Loopback, port);
            socket.NoDelay = true; // Finished and the request are two writes
            socket.Blocking = false;
            TlsSession session = servers.CreateForServer((int)socket.Handle, "bench");
            while (session.Handshake() != TlsStatus.Done)
                socket.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead);
            session.Write(buffer.AsSpan(0, 100), out _);
            while (session.Read(buffer, out _) != TlsStatus.Done)
                socket.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead);
            kept.Add((socket, session));
        }

        Console.In.ReadToEnd();
        foreach ((Socket socket, TlsSession session) in kept)
        {
            session.Dispose();
            socket.Dispose();
        }
    }

    private static (Socket Socket, ITlsSide Side) Serve(Socket listener, Func<Socket, ITlsSide> create, byte[] buffer)
    {
        Socket socket = listener.Accept();
        socket.NoDelay = true;
        socket.Blocking = false;
        ITlsSide side = create(socket);
        while (!side.Handshake())
            socket.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead);
        while (side.Read(buffer) == 0)
            socket.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead);
        side.Write(buffer.AsMemory(0, 300));
        return (socket, side);
    }

    private static long Resident()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }
}
