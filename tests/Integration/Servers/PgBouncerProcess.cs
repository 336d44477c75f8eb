using System.Net;
using System.Net.Sockets;
using Freshet.Server.Demo;

namespace Freshet.Tests.Integration.Servers;

/// <summary>
/// PgBouncer in Freshet's place, with <c>FRESHET_TEST_PROXY=pgbouncer</c>: a scenario that fails through both is more
/// often wrong itself. Debian's 1.18 knows no shared prepared statements, so some differences are its own.
/// </summary>
internal sealed class PgBouncerProcess : IProxyProcess
{
    private readonly ChildProcess _child;
    private readonly string _folder;

    private PgBouncerProcess(ChildProcess child, string folder, int port)
    {
        _child = child;
        _folder = folder;
        Port = port;
    }

    public int Port { get; }

    public string Output => _child.StandardOutput + _child.StandardError;

    public static async Task<PgBouncerProcess> StartAsync(ProxyOptions options, CancellationToken cancellation)
    {
        var account = ServerAccount.Choose();
        var folder = Directory.CreateTempSubdirectory("freshet-pgbouncer").FullName;
        var port = FreePort();
        var settings = Path.Combine(folder, "pgbouncer.ini");
        var users = Path.Combine(folder, "users.txt");
        await File.WriteAllTextAsync(settings, Settings(options, port, users), cancellation);
        var secret = options.Server.Password.Replace("\"", "\"\"", StringComparison.Ordinal);
        await File.WriteAllTextAsync(users, $"\"{options.Server.User}\" \"{secret}\"\n", cancellation);
        Array.ForEach([folder, settings, users], account.Give);
        var child = ChildProcess.Start(account.Wrap([Executable(), settings]));
        var process = new PgBouncerProcess(child, folder, port);
        try
        {
            await child.WaitForLineAsync(
                line => line.Contains("process up", StringComparison.Ordinal), TimeSpan.FromSeconds(10), cancellation);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _child.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Executable() =>
        File.Exists("/usr/sbin/pgbouncer") ? "/usr/sbin/pgbouncer" : "/usr/bin/pgbouncer";

    private static string Settings(ProxyOptions options, int port, string users)
    {
        var server = options.Server;
        var secret = server.Password.Replace("'", "''", StringComparison.Ordinal);
        var password = secret.Length is 0 ? "" : $"password='{secret}'";
        return $"""
            [databases]
            * = host={server.Host} port={server.Port} user={server.User} {password}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = {(options.Auth is "scram" ? "scram-sha-256" : options.Auth)}
            auth_file = {users}
            pool_mode = {options.Mode.ToString().ToLowerInvariant()}
            default_pool_size = {options.PoolSize}
            max_client_conn = 2000
            ignore_startup_parameters = extra_float_digits,options,search_path,statement_timeout
            """;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
