using Freshet.Bench.Load.Wire;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Demo;
using Npgsql;

namespace Freshet.Bench.Load.Rig;

/// <summary>A PostgreSQL of the bench's own, everything in memory: no fsync, no autovacuum, buffers larger than the
/// data, and the rows of <c>pgbench -i</c>. It offers TLS too, for the direct way.</summary>
internal sealed class BenchDatabase : IAsyncDisposable
{
    private readonly PrivatePostgres server;

    private BenchDatabase(PrivatePostgres server) => this.server = server;

    public int Port => server.Port;

    public string User => server.User;

    public string Password => server.Password;

    /// <summary>What the server keeps of the password: <c>SCRAM-SHA-256$4096:…</c>.</summary>
    public string ScramVerifier { get; private set; } = "";

    public string Name => "bench";

    public string Version => server.Version;

    public string PgBench => Path.Combine(server.BinDirectory, "pgbench");

    public static async Task<BenchDatabase> StartAsync(
        RigOptions options,
        WorkFolder folder,
        TlsFiles tls,
        CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["max_connections"] = options.ServerConnections.ToString(),
            ["shared_buffers"] = "512MB",
            ["max_wal_size"] = "4GB",
            ["checkpoint_timeout"] = "1h",
            ["autovacuum"] = "off",
            ["synchronous_commit"] = "on", // without fsync it costs little, and it is what applications have
            ["jit"] = "off",
            ["wal_level"] = "logical",
            ["ssl"] = "on",
            ["ssl_cert_file"] = tls.Certificate,
            ["ssl_key_file"] = tls.Key,
        };
        // Ctrl-C cancels the run, which then ends the poolers and this server in order.
        var started = await PrivatePostgres.StartAsync(
            new PrivatePostgresOptions
            {
                Settings = settings,
                StopOnSignals = false,
                Progress = Console.Error.WriteLine,
            },
            cancellationToken);
        var database = new BenchDatabase(started);
        try
        {
            await database.FillAsync(options.Scale, folder, cancellationToken);
            database.ScramVerifier = (string?)await database.ExecuteAsync(
                "SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = CURRENT_USER", cancellationToken)
                ?? throw new BenchException("the server keeps no password of its superuser");
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>libpq's variables for a client of this database at a port.</summary>
    public Dictionary<string, string> ClientEnvironment(int port, bool tls) => new(StringComparer.Ordinal)
    {
        ["PGHOST"] = "127.0.0.1",
        ["PGPORT"] = port.ToString(),
        ["PGUSER"] = User,
        ["PGPASSWORD"] = Password,
        ["PGDATABASE"] = Name,
        ["PGSSLMODE"] = tls ? "require" : "disable",
        ["PGGSSENCMODE"] = "disable",
        ["PGCONNECT_TIMEOUT"] = "60",
    };

    /// <summary>A connection of the database's user at a port: the database's own or a proxy's.</summary>
    public WireConnection Connect(int port) =>
        WireConnection.Open(port, new ClientLogin(User, Name, new ScramSecret(Password)));

    /// <summary>The first column of the first row, if any.</summary>
    public async Task<object?> ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString(Name) + ";SSL Mode=Disable");
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task FillAsync(int scale, WorkFolder folder, CancellationToken cancellationToken)
    {
        if (!File.Exists(PgBench))
            throw new BenchException($"{PgBench} does not exist: install PostgreSQL's server package, which holds it");
        await server.CreateDatabaseAsync(Name, cancellationToken);
        await using (var fill = ChildProcess.Start(
            "pgbench -i", [PgBench, "-i", "-q", "-s", scale.ToString()], ClientEnvironment(Port, tls: false),
            folder.Path))
            await fill.WaitForSuccessAsync(cancellationToken);

        await ExecuteAsync("CHECKPOINT", cancellationToken);
    }
}
