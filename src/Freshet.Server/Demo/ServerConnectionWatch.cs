using System.Text;

namespace Freshet.Server.Demo;

/// <summary>Looks twenty times a second at how many backends serve clients over TCP, and keeps the highest number since
/// <see cref="StartAgainAsync"/>, without those that were there before: for clients that connect directly. It reads the
/// titles that PostgreSQL gives its processes ("postgres: web demo 127.0.0.1(41234) idle") in /proc: pg_stat_activity
/// knows a backend only after its login, and in a connection storm logins are most of the work. Costs the server
/// nothing and needs no connection.</summary>
internal sealed class ServerConnectionWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(3);

    private readonly PrivatePostgres _server;
    private readonly Timer _timer;
    private int _peak;
    private int _ignored;

    public ServerConnectionWatch(PrivatePostgres server)
    {
        _server = server;
        _timer = new Timer(_ => Look(), state: null, Interval, Interval);
    }

    public int Peak => Volatile.Read(ref _peak);

    /// <summary>Begins a round, once the backends of the round before have left (or will not, after three seconds).
    /// </summary>
    /// <param name="staying">Backends that stay at most: the pools and what follows the changes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task StartAgainAsync(int staying, CancellationToken cancellationToken)
    {
        var end = Environment.TickCount64 + (long)LongestWait.TotalMilliseconds;
        while (Count() > staying && Environment.TickCount64 < end)
            await Task.Delay(Interval, cancellationToken);
        Volatile.Write(ref _ignored, Count());
        Volatile.Write(ref _peak, 0);
    }

    public void Dispose()
    {
        using var done = new ManualResetEvent(initialState: false);
        if (_timer.Dispose(done))
            done.WaitOne();
    }

    private void Look()
    {
        var count = Count() - Volatile.Read(ref _ignored);
        Volatile.Write(ref _peak, int.Max(count, Volatile.Read(ref _peak)));
    }

    private int Count()
    {
        if (_server.ProcessId is not { } postmaster)
            return 0;
        var origin = Encoding.ASCII.GetBytes($" {_server.Host}(");
        return LinuxProcess.Children(postmaster)
            .Count(child => LinuxProcess.CommandLine(child).AsSpan().IndexOf(origin) >= 0);
    }
}
