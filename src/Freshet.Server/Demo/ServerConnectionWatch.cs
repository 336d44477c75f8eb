using System.Text;

namespace Freshet.Server.Demo;

/// <summary>Looks twenty times a second at how many backends serve clients over TCP, and keeps the highest number since
/// <see cref="StartAgain"/>. It reads the titles that PostgreSQL gives its processes ("postgres: web demo
/// 127.0.0.1(41234) idle") in /proc: pg_stat_activity knows a backend only after its login, and in a connection storm
/// logins are most of the work. Costs the server nothing and needs no connection.</summary>
internal sealed class ServerConnectionWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly PrivatePostgres _server;
    private readonly Timer _timer;
    private int _peak;

    public ServerConnectionWatch(PrivatePostgres server)
    {
        _server = server;
        _timer = new Timer(_ => Look(), state: null, Interval, Interval);
    }

    public int Peak => Volatile.Read(ref _peak);

    public void StartAgain() => Volatile.Write(ref _peak, 0);

    public void Dispose()
    {
        using var done = new ManualResetEvent(initialState: false);
        if (_timer.Dispose(done))
            done.WaitOne();
    }

    private void Look()
    {
        if (_server.ProcessId is not { } postmaster)
            return;
        var origin = Encoding.ASCII.GetBytes($" {_server.Host}(");
        var count = LinuxProcess.Children(postmaster)
            .Count(child => LinuxProcess.CommandLine(child).AsSpan().IndexOf(origin) >= 0);
        Volatile.Write(ref _peak, int.Max(count, Volatile.Read(ref _peak)));
    }
}
