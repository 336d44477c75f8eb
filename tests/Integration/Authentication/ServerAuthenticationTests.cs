using System.Text.Json;
using Freshet.Core.Wire.Auth;
using Freshet.Tests.Integration.Servers;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Authentication;

/// <summary>How the proxy proves to the server who it is: with the database's secret or with that of the client.
/// </summary>
/// <param name="server">With a role for every method.</param>
[Collection(nameof(SecuredServerCollection))]
public sealed class ServerAuthenticationTests(SecuredServer server)
{
    private const string Secret = SecuredServer.Secret;
    private const string NoSecret = "and Freshet has no secret that answers it";

    public static TheoryData<string> Roles => ["scram_user", "md5_user", "password_user", "trust_user"];

    public static TheoryData<string, string> AskedRoles => new()
    {
        { "scram_user", "SCRAM-SHA-256" },
        { "md5_user", "md5" },
        { "password_user", "password" },
    };

    [Theory, MemberData(nameof(Roles))]
    public async Task The_databases_secret_answers_every_method(string role)
    {
        await using var scene = await StartAsync(role, Secret);
        (await scene.PsqlAsync("alice", null)).AssertSays(role);
        Assert.Equal(role, await scene.NpgsqlAsync("alice", ""));
    }

    [Theory, MemberData(nameof(AskedRoles))]
    public async Task A_wrong_secret_is_told_to_the_client(string role, string method)
    {
        await using var scene = await StartAsync(role, $"not the secret for {method}");
        (await scene.PsqlAsync("alice", null)).AssertRefused($"password authentication failed for user \"{role}\"");
        var refused = await Assert.ThrowsAsync<PostgresException>(() => scene.NpgsqlAsync("alice", ""));
        Assert.Equal("28P01", refused.SqlState);
    }

    [Theory, MemberData(nameof(AskedRoles))]
    public async Task A_missing_secret_is_told_to_the_client(string role, string method)
    {
        await using var scene = await StartAsync(role, null);
        (await scene.PsqlAsync("alice", null))
            .AssertRefused($"the server asks user \"{role}\" for {method}, {NoSecret}");
        var refused = await Assert.ThrowsAsync<PostgresException>(() => scene.NpgsqlAsync("alice", ""));
        Assert.Equal("08006", refused.SqlState);
        Assert.NotNull(refused.Hint);
    }

    [Fact]
    public async Task Scram_over_TLS_is_bound_to_the_channel()
    {
        await using var scene = await StartAsync("tls_user", Secret, """, "serverTls": { "mode": "require" } """);
        const string question =
            "select current_user, ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()";
        (await scene.PsqlAsync("alice", null, question)).AssertSays("tls_user|t");
    }

    [Fact]
    public async Task The_servers_own_verifier_and_the_clients_login_are_enough()
    {
        using var users = new UsersFile(("scram_user", await server.VerifierAsync("scram_user")));
        await using var scene = await PassThroughAsync("scram", users);
        (await scene.PsqlAsync("scram_user", Secret)).AssertSays("scram_user");
        Assert.Equal("scram_user", await scene.NpgsqlAsync("scram_user", Secret));
        (await scene.PsqlAsync("scram_user", "wrong")).AssertRefused("password authentication failed");
    }

    [Fact]
    public async Task The_verifier_passes_through_TLS_on_both_sides_as_well()
    {
        using var users = new UsersFile(("tls_user", await server.VerifierAsync("tls_user")));
        var files = server.Certificates;
        var tls = $"""
            , "serverTls": @ "mode": "require" #, "tls": @ "mode": "require",
              "certificateFile": "{files.PathOf("server.crt")}", "keyFile": "{files.PathOf("server.key")}" #
            """.Replace('@', '{').Replace('#', '}');
        await using var scene = await PassThroughAsync("scram", users, tls);
        const string insists = "sslmode=require channel_binding=require";
        (await scene.PsqlAsync("tls_user", Secret, more: insists)).AssertSays("tls_user");
    }

    [Fact]
    public async Task A_verifier_with_another_salt_than_the_servers_is_told_to_the_client()
    {
        using var users = new UsersFile(("scram_user", ScramVerifier.FromPassword(Secret).Format()));
        await using var scene = await PassThroughAsync("scram", users);
        (await scene.PsqlAsync("scram_user", Secret)).AssertRefused(NoSecret);
    }

    [Fact]
    public async Task A_verifier_whose_client_came_in_by_trust_is_told_to_the_client()
    {
        using var users = new UsersFile(("scram_user", await server.VerifierAsync("scram_user")));
        await using var scene = await PassThroughAsync("trust", users);
        (await scene.PsqlAsync("scram_user", null)).AssertRefused(NoSecret);
    }

    [Fact]
    public async Task An_md5_hash_logs_in_on_both_sides()
    {
        using var users = new UsersFile(("md5_user", await server.VerifierAsync("md5_user")));
        await using var scene = await PassThroughAsync("md5", users);
        (await scene.PsqlAsync("md5_user", Secret)).AssertSays("md5_user");
        (await scene.PsqlAsync("md5_user", "wrong")).AssertRefused("password authentication failed");
    }

    [Theory, MemberData(nameof(AskedRoles))]
    public async Task A_clear_secret_of_the_users_file_answers_every_method_of_the_server(string role, string method)
    {
        using var users = new UsersFile((role, Secret), ("another", method));
        await using var scene = await PassThroughAsync("scram", users);
        (await scene.PsqlAsync(role, Secret)).AssertSays(role);
    }

    private Task<LoginScene> StartAsync(string role, string? secret, string more = "")
    {
        var password = secret is null ? "" : $", \"password\": {JsonSerializer.Serialize(secret)}";
        return LoginScene.StartAsync(
            server,
            $$"""
            {
              "auth": "trust",
              "users": { "alice": {} },
              "databases": { "*": { "host": "127.0.0.1", "port": {{server.Port}}, "user": "{{role}}"{{password}} } }
              {{more}}
            }
            """);
    }

    private Task<LoginScene> PassThroughAsync(string auth, UsersFile users, string more = "") =>
        LoginScene.StartAsync(
            server,
            $$"""
            {
              "auth": "{{auth}}",
              "usersFile": {{users.Json}},
              "databases": { "*": { "host": "127.0.0.1", "port": {{server.Port}} } }
              {{more}}
            }
            """);
}
