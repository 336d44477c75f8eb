namespace Freshet.Bench.Load.Rig;

/// <summary><c>freshet up</c> as a process of its own, from the Release build.</summary>
internal sealed class FreshetUp : IAsyncDisposable
{
    private readonly ChildProcess process;

    private FreshetUp(ChildProcess process, Party party) => (this.process, Party) = (process, party);

    public Party Party { get; }

    public int ProcessId => process.Id;

    /// <param name="rig">What it stands on.</param>
    /// <param name="name">The party's.</param>
    /// <param name="threads">Event loops.</param>
    /// <param name="auth">How clients log in.</param>
    /// <param name="cancellationToken">Ends the wait for its ports.</param>
    /// <param name="cache">The cache's mode.</param>
    public static async Task<FreshetUp> StartAsync(
        BenchRig rig,
        string name,
        int threads,
        ClientAuth auth,
        CancellationToken cancellationToken,
        string cache = "off")
    {
        var port = Loopback.FindFreePort();
        var httpPort = Loopback.FindFreePort();
        var database = rig.Database;
        var url = $"postgres://{Uri.EscapeDataString(database.User)}:{Uri.EscapeDataString(database.Password)}"
            + $"@127.0.0.1:{database.Port}/{Uri.EscapeDataString(database.Name)}?sslmode=disable";
        string[] command =
        [
            rig.FreshetProgram, "up", url,
            "--listen", $"127.0.0.1:{port}",
            "--http", $"127.0.0.1:{httpPort}",
            "--pool-size", rig.Options.PoolSize.ToString(),
            "--pool-mode", "transaction",
            "--threads", threads.ToString(),
            "--auth", auth == ClientAuth.Scram ? "scram" : "trust",
            "--tls-cert", rig.Tls.Certificate,
            "--tls-key", rig.Tls.Key,
            "--tls-mode", "prefer",
            "--cache", cache,
        ];
        var child = ChildProcess.Start(
            name, rig.Account.Wrap(command), rig.FreshetEnvironment, rig.Folder.Path);
        try
        {
            await Loopback.WaitUntilListeningAsync(child, port, cancellationToken);
            await Loopback.WaitUntilListeningAsync(child, httpPort, cancellationToken);
            var party = new Party
            {
                Name = name,
                Port = port,
                ProcessId = child.Id,
                Metrics = new Uri($"http://127.0.0.1:{httpPort}/metrics"),
            };
            return new FreshetUp(child, party);
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    /// <summary>SIGKILL.</summary>
    public Task KillAsync(CancellationToken cancellationToken) => process.KillAsync(cancellationToken);

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
