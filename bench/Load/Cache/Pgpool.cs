using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>Pgpool-II with its query cache in shared memory, and nothing else of what it can do.</summary>
internal sealed class Pgpool : IAsyncDisposable
{
    public const string Name = "pgpool";

    private const string Program = "/usr/sbin/pgpool";

    private readonly ChildProcess _process;

    private Pgpool(ChildProcess process, Party party) => (_process, Party) = (process, party);

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
        var configuration = folder.WriteSecret("pgpool.conf", settings);
        // It logs in at the server with the clear password that it asks its clients for.
        var users = folder.WriteSecret("pool_passwd", $"{rig.Database.User}:TEXT{rig.Database.Password}\n");
        var hba = folder.WriteSecret("pool_hba.conf", "host all all 127.0.0.1/32 trust\n");
        var child = ChildProcess.Start(
            Name, rig.Account.Wrap([Program, "-n", "-f", configuration, "-a", hba]), workingFolder: folder.Path);
        _ = users;
        await Loopback.WaitUntilListeningAsync(child, port, cancellationToken);
        return new Pgpool(child, new Party { Name = Name, Port = port });
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
