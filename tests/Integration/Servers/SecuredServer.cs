using Freshet.Server.Demo;
using Freshet.Tests.Unit.Proxy.Tls;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Servers;

/// <summary>
/// A PostgreSQL server with TLS and one role for each way to log in, all with the same secret: <c>scram_user</c>,
/// <c>md5_user</c>, <c>password_user</c>, <c>trust_user</c>, <c>tls_user</c> (SCRAM, TLS only) and <c>plain_user</c>
/// (SCRAM, never with TLS). Its certificate is for 127.0.0.1 and not for localhost.
/// </summary>
public sealed class SecuredServer : IAsyncLifetime
{
    internal const string Database = "app";
    internal const string Secret = "right, 'secret' ü";

    private PrivatePostgres? _postgres;

    internal PrivatePostgres Postgres => _postgres ?? throw new InvalidOperationException("not started");

    internal TlsTestCertificates Certificates { get; } = new();

    internal int Port => Postgres.Port;

    public async ValueTask InitializeAsync()
    {
        // libpq and the server refuse a key that others may read.
        foreach (var key in Directory.EnumerateFiles(Certificates.Folder, "*.key"))
        {
            File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        var options = new PrivatePostgresOptions
        {
            HostBasedAuthentication =
            [
                "hostssl all tls_user 127.0.0.1/32 scram-sha-256",
                "host all tls_user 127.0.0.1/32 reject",
                "hostnossl all plain_user 127.0.0.1/32 scram-sha-256",
                "host all plain_user 127.0.0.1/32 reject",
                "host all md5_user 127.0.0.1/32 md5",
                "host all password_user 127.0.0.1/32 password",
                "host all trust_user 127.0.0.1/32 trust",
            ],
        };
        _postgres = await PrivatePostgres.StartAsync(options, CancellationToken.None);
        await _postgres.CreateDatabaseAsync(Database, CancellationToken.None);
        await UseCertificateAsync("server");
        var secret = Secret.Replace("'", "''", StringComparison.Ordinal);
        await ExecuteAsync(
            $"""
            CREATE ROLE scram_user LOGIN PASSWORD '{secret}';
            CREATE ROLE password_user LOGIN PASSWORD '{secret}';
            CREATE ROLE tls_user LOGIN PASSWORD '{secret}';
            CREATE ROLE plain_user LOGIN PASSWORD '{secret}';
            CREATE ROLE trust_user LOGIN;
            SET password_encryption = md5;
            CREATE ROLE md5_user LOGIN PASSWORD '{secret}';
            ALTER SYSTEM SET ssl = on;
            """.Split(";\n"));
        await ExecuteAsync("SELECT pg_reload_conf()");
        while (await ReadAsync("SHOW ssl") is not "on")
        {
            await Task.Delay(10);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        Certificates.Dispose();
    }

    /// <summary>What pg_authid holds for the role.</summary>
    internal async Task<string> VerifierAsync(string role) =>
        await ReadAsync($"SELECT rolpassword FROM pg_authid WHERE rolname = '{role}'")
        ?? throw new InvalidOperationException($"{role} has no password");

    /// <summary>The first value, asked by the superuser on a connection of its own.</summary>
    internal async Task<string?> ReadAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Postgres.ConnectionString(Database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (await command.ExecuteScalarAsync())?.ToString();
    }

    /// <summary>Runs freshet in front of this server.</summary>
    /// <param name="configuration">The freshet.json.</param>
    internal Task<FreshetProcess> StartProxyAsync(string configuration) =>
        FreshetProcess.StartAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", Port, Database, "", "")) { Configuration = configuration },
            TestContext.Current.CancellationToken);

    private async Task UseCertificateAsync(string name)
    {
        foreach (var kind in (string[])["crt", "key"])
        {
            var file = Path.Combine(Postgres.DataDirectory, $"server.{kind}");
            await File.WriteAllTextAsync(file, await File.ReadAllTextAsync(Certificates.PathOf($"{name}.{kind}")));
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Postgres.GiveFile(file);
        }
    }

    private async Task ExecuteAsync(params string[] statements)
    {
        await using var connection = new NpgsqlConnection(Postgres.ConnectionString(Database));
        await connection.OpenAsync();
        foreach (var sql in statements)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}
