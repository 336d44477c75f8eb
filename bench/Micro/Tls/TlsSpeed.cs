using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Tls;

namespace Freshet.Bench.Micro.Tls;

/// <summary>One thread plays both ends of a loopback TCP connection; only the time inside the calls of the measured end
/// counts, system calls included. The other end is the same in all runs. Medians of batches, so that a
/// preemption spoils one batch only; options interleaved.</summary>
internal static class TlsSpeed
{
    private const int RequestLength = 100;
    private const int ResponseLength = 300;
    private const int BatchLength = 500;
    private const int Batches = 60;
    private const int Rounds = 5;
    private const int BulkLength = 32 * 1024 * 1024;

    private static readonly byte[] s_buffer = new byte[64 * 1024];

    public static void Run()
    {
        using var certificate = new BenchCertificate();
        using var clients = TlsContext.ForClients(certificate.Snapshot);
        using var servers = TlsContext.ForServers(new TlsSnapshot(TlsMode.Require, null, null, null));
        foreach (bool warm in new[] { true, false })
        {
            for (int round = 0; round < (warm ? 1 : Rounds); round++)
            {
                Measure("openssl", socket => new OpenSslSide(clients.CreateForClient((int)socket.Handle, false)), warm);
                Measure("sslstream", socket => new SslStreamSide(socket, certificate.Context), warm);
            }
        }

        void Measure(string name, Func<Socket, ITlsSide> create, bool warm)
        {
            (Socket near, Socket far) = Connect();
            using (near)
            using (far)
            using (ITlsSide side = create(near))
            using (TlsSession peer = servers.CreateForServer((int)far.Handle, "bench"))
            {
                while (!(side.Handshake() & peer.Handshake() == TlsStatus.Done))
                    Check(peer);
                (double microseconds, double allocated) = RoundTrips(side, peer);
                double sent = Send(side, peer);
                double received = Receive(side, peer);
                if (!warm)
                {
                    string roundTrip = $"{microseconds,6:F2} µs, {allocated:F1} B allocated per round trip";
                    Console.WriteLine($"{name,-10} {roundTrip}, bulk {sent,5:F0} MB/s out, {received,5:F0} MB/s in");
                }
            }
        }
    }

    private static (double Microseconds, double Allocated) RoundTrips(ITlsSide side, TlsSession peer)
    {
        byte[] request = new byte[RequestLength];
        byte[] response = new byte[ResponseLength];
        var batches = new List<double>();
        long allocated = 0;
        for (int batch = 0; batch < Batches; batch++)
        {
            long ticks = 0;
            for (int i = 0; i < BatchLength; i++)
            {
                peer.Write(request, out _);
                long bytes = GC.GetAllocatedBytesForCurrentThread();
                long start = Stopwatch.GetTimestamp();
                int read = side.Read(s_buffer);
                int written = side.Write(response);
                ticks += Stopwatch.GetTimestamp() - start;
                allocated += GC.GetAllocatedBytesForCurrentThread() - bytes;
                peer.Read(s_buffer, out int answered);
                if (read != RequestLength || written != ResponseLength || answered != ResponseLength)
                    throw new InvalidOperationException($"A round trip went wrong: {read}, {written}, {answered}.");
            }

            batches.Add(ticks * 1e6 / Stopwatch.Frequency / BatchLength);
        }

        return (Median(batches), (double)allocated / (Batches * BatchLength));
    }

    private static double Send(ITlsSide side, TlsSession peer)
    {
        byte[] data = new byte[16 * 1024];
        var rates = new List<double>();
        for (int batch = 0; batch < 9; batch++)
        {
            long ticks = 0;
            int received = 0;
            int sent = 0;
            while (received < BulkLength / 8)
            {
                if (sent < BulkLength / 8)
                {
                    long start = Stopwatch.GetTimestamp();
                    sent += side.Write(data);
                    ticks += Stopwatch.GetTimestamp() - start;
                }

                peer.Read(s_buffer, out int count);
                Check(peer);
                received += count;
            }

            rates.Add(received / 1e6 / ((double)ticks / Stopwatch.Frequency));
        }

        return Median(rates);
    }

    private static double Receive(ITlsSide side, TlsSession peer)
    {
        byte[] data = new byte[16 * 1024];
        var rates = new List<double>();
        for (int batch = 0; batch < 9; batch++)
        {
            long ticks = 0;
            int received = 0;
            int sent = 0;
            while (received < BulkLength / 8)
            {
                if (sent < BulkLength / 8)
                {
                    peer.Write(data, out int count);
                    Check(peer);
                    sent += count;
                }

                long start = Stopwatch.GetTimestamp();
                received += side.Read(s_buffer);
                ticks += Stopwatch.GetTimestamp() - start;
            }

            rates.Add(received / 1e6 / ((double)ticks / Stopwatch.Frequency));
        }

        return Median(rates);
    }

    private static (Socket Near, Socket Far) Connect()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        far.Connect(listener.LocalEndPoint!);
        Socket near = listener.Accept();
        near.NoDelay = far.NoDelay = true;
        near.Blocking = far.Blocking = false;
        return (near, far);
    }

    private static void Check(TlsSession peer)
    {
        if (peer.Error is not null)
            throw new InvalidOperationException(peer.Error);
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
