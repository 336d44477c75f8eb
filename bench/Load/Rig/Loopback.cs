using System.Net;
using System.Net.Sockets;

namespace Freshet.Bench.Load.Rig;

internal static class Loopback
{
    /// <summary>Another program may take the port before the server binds it; the start then fails and says so.
    /// </summary>
    public static int FindFreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    /// <summary>Returns when the port accepts; throws when the process ended or the time is over.</summary>
    public static async Task WaitUntilListeningAsync(ChildProcess child, int port, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (true)
        {
            if (child.HasExited)
                throw new BenchException($"{child.Name} ended at its start:\n{child.LastLines}");
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, port, limit.Token);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(20, limit.Token);
            }
        }
    }
}
