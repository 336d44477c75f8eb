using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Freshet.Bench.Load.Rig;

/// <summary>A PgBouncer of our own: its settings are PgBouncer's defaults except for what the comparison needs (the
/// same pool size, no limit in the way of the clients, no log line per connection).</summary>
internal sealed partial class PgBouncer : IAsyncDisposable
{
    private readonly ChildProcess process;

    private PgBouncer(ChildProcess process, Party party) => (this.process, Party) = (process, party);

    public Party Party { get; }

    public int ProcessId => process.Id;

    public static async Task<PgBouncer> StartAsync(
        BenchRig rig,
        string name,
        string poolMode,
        ClientAuth auth,
        CancellationToken cancellationToken)
    {
        var port = Loopback.FindFreePort();
        var folder = rig.Folder;
        // From a plain password PgBouncer derives a new verifier at each login, some milliseconds of PBKDF2. With the
        // server's own verifier it need not, and logs in there with the key that the client's proof gave away.
        var secret = auth == ClientAuth.Scram ? rig.Database.ScramVerifier : rig.Database.Password;
        var users = folder.WriteSecret(name + ".users", $"\"{rig.Database.User}\" \"{secret}\"\n");
        var settings = $"""
            [databases]
            * = host=127.0.0.1 port={rig.Database.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = {(auth == ClientAuth.Scram ? "scram-sha-256" : "trust")}
            auth_file = {users}
            pool_mode = {poolMode}
            default_pool_size = {rig.Options.PoolSize}
            max_client_conn = {rig.Options.MaxClients}
            server_tls_sslmode = disable
            client_tls_sslmode = allow
            client_tls_cert_file = {rig.Tls.Certificate}
            client_tls_key_file = {rig.Tls.Key}
            log_connections = 0
            log_disconnections = 0
            log_stats = 0
            {(ReadVersion(rig.Options.PgBouncerProgram) >= FirstWithPrepared ? "max_prepared_statements = 200" : "")}

            """;
        var child = ChildProcess.Start(
            name, rig.Account.Wrap([rig.Options.PgBouncerProgram, folder.WriteSecret(name + ".ini", settings)]));
        try
        {
            await Loopback.WaitUntilListeningAsync(child, port, cancellationToken);
            var party = new Party { Name = name, Port = port, ProcessId = child.Id };
            return new PgBouncer(child, party);
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    /// <summary>Protocol-level prepared statements in transaction mode came with PgBouncer 1.21.</summary>
    public static readonly Version FirstWithPrepared = new(1, 21);

    public static Version ReadVersion(string program)
    {
        var start = new ProcessStartInfo(program, ["--version"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        using var pgBouncer = Process.Start(start) ?? throw new BenchException($"'{program}' did not start");
        var text = pgBouncer.StandardOutput.ReadToEnd();
        pgBouncer.WaitForExit();
        var match = VersionLine().Match(text);
        return match.Success
            ? Version.Parse(match.Groups["version"].Value)
            : throw new BenchException($"'{program} --version' said: {text}");
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();

    [GeneratedRegex(@"PgBouncer (?<version>\d+\.\d+(\.\d+)?)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex VersionLine();
}
