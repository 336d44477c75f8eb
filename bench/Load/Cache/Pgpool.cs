using System.Diagnostics;
using System.Globalization;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>Pgpool-II with its query cache in shared memory, and nothing else of what it can do: one backend, no load
/// balancing, no health checks. Its processes are made beforehand, one for each client.</summary>
internal sealed class Pgpool : IAsyncDisposable
{
    public const string Name = "pgpool";

    private const string Program = "/usr/sbin/pgpool";

    private readonly ChildProcess process;
    private readonly BenchDatabase database;

    private Pgpool(ChildProcess process, BenchDatabase database, Party party) =>
        (this.process, this.database, Party) = (process, database, party);

    public Party Party { get; }

    public static bool IsInstalled => File.Exists(Program);

    public static async Task<Pgpool> StartAsync(BenchRig rig, CancellationToken cancellationToken)
    {
        var port = Loopback.FindFreePort();
        var folder = rig.Folder;
        var settings = $"""
            backend_clustering_mode = 'raw'
            listen_addresses = '127.0.0.1'
            port = {port}
            socket_dir = '{folder.Path}'
            pcp_port = {Loopback.FindFreePort()}
            pcp_socket_dir = '{folder.Path}'
            pid_file_name = '{folder.Combine("pgpool.pid")}'
            logdir = '{folder.Path}'
            work_dir = '{folder.Path}'
            backend_hostname0 = '127.0.0.1'
            backend_port0 = {rig.Database.Port}
            backend_weight0 = 1
            num_init_children = 32
            max_pool = 1
            enable_pool_hba = off
            health_check_period = 0
            sr_check_period = 0
            load_balance_mode = off
            memory_cache_enabled = on
            memqcache_method = 'shmem'
            memqcache_total_size = 64MB
            memqcache_oiddir = '{folder.Path}'
            log_min_messages = error

            """;
        // It looks for pool_passwd beside its configuration. There is the password that it logs in with at the server:
        // its clients are let in without one.
        folder.WriteSecret("pool_passwd", $"{rig.Database.User}:TEXT{rig.Database.Password}\n");
        var child = ChildProcess.Start(
            Name, rig.Account.Wrap([Program, "-n", "-f", folder.WriteSecret("pgpool.conf", settings)]),
            workingFolder: folder.Path);
        try
        {
            await Loopback.WaitUntilListeningAsync(child, port, cancellationToken);
            return new Pgpool(
                child, rig.Database,
                new Party { Name = Name, Port = port, ProcessId = child.Id, HasChildProcesses = true });
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    /// <summary>Since its start: SELECTs that it has answered from its cache, and those that it has sent on.</summary>
    public (double Hits, double Misses) ReadCounts(CancellationToken cancellationToken)
    {
        using var connection = database.Connect(Party.Port);
        var row = connection.ReadRow("SHOW POOL_CACHE", cancellationToken);
        double Number(int column) => double.Parse(row[column] ?? "0", CultureInfo.InvariantCulture);
        return (Number(0), Number(1));
    }

    public static string ReadVersion()
    {
        // To standard error: 'pgpool-II version 4.3.5 (tamahomeboshi)'.
        var start = new ProcessStartInfo(Program, ["--version"])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        };
        using var pgpool = Process.Start(start) ?? throw new BenchException($"'{Program}' did not start");
        var text = pgpool.StandardError.ReadToEnd();
        pgpool.WaitForExit();
        return text.Trim();
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
