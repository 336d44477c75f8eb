using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Freshet.Core.Sql;
using Npgsql;

namespace Freshet.Server.Demo;

/// <summary>
/// A PostgreSQL server of our own for the demo, the tests and the benchmarks: a fresh cluster in a fresh folder, on a
/// free port of 127.0.0.1 and a socket in that folder, with scram authentication and a random secret. It lives as
/// long as this object: disposal, an exception while starting, Ctrl-C, SIGTERM and the end of the process stop it and
/// remove the folder; what a killed process left behind, the next start removes (see <see cref="ClusterMarker"/>).
/// The start and stop methods must not run at the same time; everything else may be read from any thread.
/// </summary>
internal sealed class PrivatePostgres : IAsyncDisposable
{
    private readonly PrivatePostgresOptions _options;
    private readonly PostgresBinaries _binaries;
    private readonly ServerAccount _account;
    private readonly ClusterFolder _folder;

    private PrivatePostgres(
        PrivatePostgresOptions options, PostgresBinaries binaries, ServerAccount account, ClusterFolder folder)
    {
        _options = options;
        _binaries = binaries;
        _account = account;
        _folder = folder;
        Password = options.StandbyOf?.Password ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
    }

    public string Host => "127.0.0.1";

    public int Port { get; private set; }

    /// <summary>The superuser that initdb made.</summary>
    public string User => "freshet";

    public string Password { get; }

    /// <summary>Holds the unix socket and the log.</summary>
    public string SocketDirectory => _folder.Run;

    public string DataDirectory => _folder.Data;

    public string LogFile => _folder.Log;

    public string BinDirectory => _binaries.Directory;

    /// <summary>As the server says it: <c>15.18</c>.</summary>
    public string Version => _binaries.Version;

    public int MajorVersion => _binaries.MajorVersion;

    /// <summary>The postmaster; null while it does not run.</summary>
    public int? ProcessId => _folder.PostmasterId();

    internal bool StopOnSignals => _options.StopOnSignals;

    public static async Task<PrivatePostgres> StartAsync(
        PrivatePostgresOptions options, CancellationToken cancellationToken)
    {
        var found = options.BinDirectory is { } named
            ? await PostgresBinaries.AtAsync(named, cancellationToken)
            : await PostgresBinaries.FindOrFetchAsync(options.Progress, cancellationToken);
        var runsAs = ServerAccount.Choose();
        var place = ClusterFolder.Create(options.TemporaryRoot, runsAs);
        var server = new PrivatePostgres(options, found, runsAs, place);
        ClusterGuard.Watch(server);
        try
        {
            options.Progress?.Invoke($"making a cluster with PostgreSQL {found.Version} in {place.Root}");
            await server.InitializeAsync(cancellationToken);
            await server.StartOnFreePortAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary><c>postgres://freshet:…@127.0.0.1:port/database</c></summary>
    public string ConnectionUrl(string database) =>
        $"postgres://{User}:{Password}@{Host}:{Port}/{Uri.EscapeDataString(database)}";

    /// <summary>For Npgsql, over TCP, without a pool of its own.</summary>
    public string ConnectionString(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = Host,
        Port = Port,
        Username = User,
        Password = Password,
        Database = database,
        Pooling = false,
    }.ConnectionString;

    public async Task CreateDatabaseAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = $"CREATE DATABASE {SqlQuoting.Identifier(name)}";
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Hands a file (a TLS key, say) to the account that the server runs under; as root that is another
    /// one than ours.</summary>
    public void GiveFile(string path) => _account.Give(path);

    /// <summary>Names a process of ours that makes no sense without the server: whatever removes the cluster (also the
    /// next start, after a kill -9 of this process) ends it as well.</summary>
    public void Accompany(int processId) => _folder.AddCompanion(processId);

    /// <summary>Starts the stopped or killed server again, same port, same data.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken)
    {
        if (ProcessId is not null)
            throw new InvalidOperationException("the server runs already");
        if (await TryStartAsync(cancellationToken) is { } failure)
            throw new PrivatePostgresException(failure);
    }

    public async Task StopAsync(PostgresStopMode mode, CancellationToken cancellationToken)
    {
        if (ProcessId is not { } postmaster)
            return;
        LinuxProcess.Signal(postmaster, mode switch
        {
            PostgresStopMode.Smart => LinuxProcess.SignalTerminate,
            PostgresStopMode.Fast => LinuxProcess.SignalInterrupt,
            _ => LinuxProcess.SignalQuit,
        });
        if (!await WaitForEndAsync([postmaster], _options.Timeout, cancellationToken))
            throw new PrivatePostgresException($"the server did not stop ({mode}) within {_options.Timeout}");
    }

    /// <summary>kill -9 of the postmaster, as a crash of the machine's kind; its children notice and end.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        if (ProcessId is not { } postmaster)
            return;
        var family = LinuxProcess.Children(postmaster).Append(postmaster).ToArray();
        LinuxProcess.Signal(postmaster, LinuxProcess.SignalKill);
        // A child that computes looks for its parent late, and the cluster cannot start before all are gone.
        if (!await WaitForEndAsync(family, TimeSpan.FromSeconds(1), cancellationToken))
        {
            foreach (var child in family.Where(LinuxProcess.IsAlive))
                LinuxProcess.Signal(child, LinuxProcess.SignalKill);
            await WaitForEndAsync(family, _options.Timeout, cancellationToken);
        }
        // Where process 1 does not reap (containers), the dead postmaster stays as a zombie, and the next start would
        // take its lock files for a living server's.
        File.Delete(Path.Combine(_folder.Data, "postmaster.pid"));
        File.Delete(Path.Combine(_folder.Run, $".s.PGSQL.{Port}.lock"));
    }

    public async Task RestartAsync(PostgresStopMode mode, CancellationToken cancellationToken)
    {
        await StopAsync(mode, cancellationToken);
        await StartAgainAsync(cancellationToken);
    }

    /// <summary>CPU time of the server and all its backends, ended ones too, since its start.</summary>
    public TimeSpan CpuTime()
    {
        if (ProcessId is not { } postmaster)
            return TimeSpan.Zero;
        var living = LinuxProcess.Children(postmaster).Sum(child => LinuxProcess.CpuTime(child).TotalSeconds);
        return LinuxProcess.CpuTimeWithEndedChildren(postmaster) + TimeSpan.FromSeconds(living);
    }

    /// <summary>Why the server failed by its own log; null when it did not.</summary>
    public string? Failure() => File.Exists(LogFile) ? PostgresLog.Failure(File.ReadAllText(LogFile)) : null;

    public async ValueTask DisposeAsync()
    {
        // The data goes away with the folder: no checkpoint is worth waiting for.
        await Task.Run(_folder.Remove);
        ClusterGuard.Forget(this);
    }

    /// <summary>For <see cref="ClusterGuard"/>: at once and synchronous.</summary>
    internal void RemoveNow() => _folder.Remove();

    private string PasswordFile => Path.Combine(_folder.Run, "pgpass");

    /// <summary>For libpq, as a standby connects to its primary.</summary>
    private string PrimaryConnection(PrivatePostgres primary) =>
        $"host={primary.Host} port={primary.Port} user={primary.User} passfile={PasswordFile}";

    private async Task WriteSecretAsync(string path, string text, CancellationToken cancellationToken)
    {
        var mode = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using (var file = new FileStream(path, mode))
            await file.WriteAsync(Encoding.ASCII.GetBytes(text), cancellationToken);
        _account.Give(path);
    }

    /// <summary>A copy of the primary's cluster that goes on to follow it.</summary>
    private async Task CopyAsync(PrivatePostgres primary, CancellationToken cancellationToken)
    {
        await WriteSecretAsync(PasswordFile, $"*:*:*:{primary.User}:{primary.Password}\n", cancellationToken);
        var result = await ChildCommand.RunAsync(
            _account.Wrap(
            [
                Path.Combine(_binaries.Directory, "pg_basebackup"), "--pgdata", _folder.Data,
                $"--dbname={PrimaryConnection(primary)}", "--checkpoint=fast", "--no-sync", "--write-recovery-conf",
            ]),
            _folder.Root,
            cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new PrivatePostgresException(
                $"pg_basebackup ({_binaries.Directory}) failed in {_folder.Root}: {result.Cause()}");
        }
    }

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        if (_options.StandbyOf is { } primary)
        {
            await CopyAsync(primary, cancellationToken);
            return;
        }

        var secret = Path.Combine(_folder.Run, "secret");
        await WriteSecretAsync(secret, Password, cancellationToken);
        // initdb writes the catalogs without fsync as well: this cluster does not outlive its process.
        var result = await ChildCommand.RunAsync(
            _account.Wrap(
            [
                Path.Combine(_binaries.Directory, "initdb"), "--pgdata", _folder.Data, "--username", User,
                "--auth=scram-sha-256", $"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-sync",
                "--no-instructions",
            ]),
            _folder.Root,
            cancellationToken);
        File.Delete(secret);
        if (result.ExitCode != 0)
        {
            throw new PrivatePostgresException(
                $"initdb ({_binaries.Directory}) failed in {_folder.Root}: {result.Cause()}");
        }

        var hba = Path.Combine(_folder.Data, "pg_hba.conf");
        var lines = await File.ReadAllLinesAsync(hba, cancellationToken);
        await File.WriteAllLinesAsync(hba, _options.HostBasedAuthentication.Concat(lines), cancellationToken);
    }

    private async Task StartOnFreePortAsync(CancellationToken cancellationToken)
    {
        const int attempts = 5;
        for (var attempt = 1; ; attempt++)
        {
            Port = _options.Port != 0 ? _options.Port : FreePort();
            await WriteSettingsAsync(cancellationToken);
            if (await TryStartAsync(cancellationToken) is not { } failure)
                return;
            // Between our look and the server's bind another process may take the port.
            var taken = failure.Contains("Address already in use", StringComparison.Ordinal);
            if (!taken || _options.Port != 0 || attempt == attempts)
                throw new PrivatePostgresException(failure);
        }
    }

    private async Task WriteSettingsAsync(CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["listen_addresses"] = Host,
            ["port"] = $"{Port}",
            ["unix_socket_directories"] = _folder.Run,
            ["password_encryption"] = "scram-sha-256",
            ["shared_buffers"] = "128MB",
            ["logging_collector"] = "off",
            ["log_timezone"] = "UTC",
            ["timezone"] = "UTC",
            ["fsync"] = _options.Durable ? "on" : "off",
            ["full_page_writes"] = _options.Durable ? "on" : "off",
        };
        if (_options.StandbyOf is { } primary)
            settings["primary_conninfo"] = PrimaryConnection(primary);
        foreach (var (name, value) in _options.Settings)
            settings[name] = value;
        var text = new StringBuilder("# Written by Freshet; the last line of a setting wins.\n");
        foreach (var (name, value) in settings)
            text.Append(name).Append(" = '").Append(value.Replace("'", "''", StringComparison.Ordinal)).Append("'\n");
        var auto = Path.Combine(_folder.Data, "postgresql.auto.conf");
        await File.WriteAllTextAsync(auto, text.ToString(), cancellationToken);
    }

    /// <summary>Null when it is up, else what went wrong. pg_ctl puts the server into a session of its own (the
    /// terminal's Ctrl-C does not reach it) and returns when it accepts connections.</summary>
    private async Task<string?> TryStartAsync(CancellationToken cancellationToken)
    {
        File.Delete(_folder.Log);
        var seconds = Math.Max(1, (int)_options.Timeout.TotalSeconds);
        var result = await ChildCommand.RunAsync(
            _account.Wrap(
            [
                Path.Combine(_binaries.Directory, "pg_ctl"), "start", "--pgdata", _folder.Data, "--log", _folder.Log,
                "--wait", $"--timeout={seconds}", "--silent",
            ]),
            _folder.Root,
            cancellationToken);
        if (result.ExitCode == 0)
            return null;
        var log = File.Exists(_folder.Log) ? await File.ReadAllTextAsync(_folder.Log, cancellationToken) : "";
        return $"PostgreSQL {_binaries.Version} did not start: {result.LastLine()}\n{log}".TrimEnd();
    }

    private static async Task<bool> WaitForEndAsync(
        int[] processes, TimeSpan limit, CancellationToken cancellationToken)
    {
        var end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (processes.Any(LinuxProcess.IsAlive))
        {
            if (Environment.TickCount64 > end)
                return false;
            await Task.Delay(5, cancellationToken);
        }
        return true;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
