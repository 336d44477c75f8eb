using System.Diagnostics;
using Freshet.Server.Proxy.Loop;

namespace Freshet.Server.Proxy.Clients;

/// <summary>Time limits of clients: login, idleness. Each loop looks at its own once a second, so that a limit may be
/// exceeded by that much.</summary>
internal static class ClientUpkeep
{
    [ThreadStatic]
    private static long t_lastRun;

    public static void Run(ProxyState proxy, EventLoop loop)
    {
        if (Stopwatch.GetElapsedTime(t_lastRun, loop.Now) < TimeSpan.FromSeconds(1))
        {
            return;
        }

        t_lastRun = loop.Now;
        TimeSpan idle = proxy.Snapshot.ClientIdleTimeout;
        bool anyLogin = Interlocked.Read(ref proxy.Counters.LoggingIn) > 0;
        if (idle <= TimeSpan.Zero && !anyLogin)
        {
            return;
        }

        foreach (ClientSession client in proxy.Table.All().OfType<ClientSession>())
        {
            if (client.Loop != loop)
            {
                continue;
            }

            if (client.Login is { } login)
            {
                if (login.IsLate(loop))
                {
                    client.CloseWith(ClientErrors.LoginTimeout(proxy.Snapshot.ClientLoginTimeout.TotalSeconds));
                }
            }
            else if (
                idle > TimeSpan.Zero
                && client.IsAtRest
                && Stopwatch.GetElapsedTime(client.LastActive, loop.Now) > idle
            )
            {
                client.CloseWith(ClientErrors.IdleClient(idle.TotalSeconds));
            }
        }
    }
}
