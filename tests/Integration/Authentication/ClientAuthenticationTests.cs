using System.Text.Json;
using Freshet.Core.Wire.Auth;
using Freshet.Tests.Integration.Servers;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Authentication;

/// <summary>How real clients prove who they are, by every method and every kind of stored secret.</summary>
/// <param name="server">Known to the proxy as <c>trust_user</c>.</param>
[Collection(nameof(SecuredServerCollection))]
public sealed class ClientAuthenticationTests(SecuredServer server)
{
    private const string Secret = SecuredServer.Secret;
    private const string Clients = """{ "alice": { "password": "right, 'secret' ü" } }""";

    /// <summary>Method, kind of the stored secret.</summary>
    public static TheoryData<string, string> Secrets => new()
    {
        { "scram", "clear" },
        { "scram", "verifier" },
        { "md5", "clear" },
        { "md5", "md5" },
        { "md5", "verifier" },
        { "password", "clear" },
        { "password", "md5" },
        { "password", "verifier" },
    };

    [Theory, MemberData(nameof(Secrets))]
    public async Task The_right_password_is_let_in_and_no_other(string method, string kind)
    {
        using var users = new UsersFile(("alice", Stored(kind)));
        await using var scene = await StartAsync(method, $"\"usersFile\": {users.Json}");
        (await scene.PsqlAsync("alice", Secret)).AssertSays("trust_user");
        (await scene.PsqlAsync("alice", "wrong")).AssertRefused("password authentication failed for user \"alice\"");
        (await scene.PsqlAsync("alice", null)).AssertRefused("no password supplied");
        (await scene.PsqlAsync("nobody", Secret)).AssertRefused("password authentication failed for user \"nobody\"");

        Assert.Equal("trust_user", await scene.NpgsqlAsync("alice", Secret));
        await AssertRefusedAsync(scene, "alice", "wrong");
        await AssertRefusedAsync(scene, "nobody", Secret);
    }

    [Fact]
    public async Task Scram_binds_to_the_TLS_channel_for_a_client_that_insists()
    {
        await using var scene = await StartAsync("scram", $"\"users\": {Clients}, {Tls("require")}");
        const string insists = "sslmode=require channel_binding=require";
        (await scene.PsqlAsync("alice", Secret, more: insists)).AssertSays("trust_user");
        (await scene.PsqlAsync("alice", "wrong", more: insists)).AssertRefused("password authentication failed");
        (await scene.PsqlAsync("alice", Secret, more: "sslmode=require channel_binding=disable"))
            .AssertSays("trust_user");
        Assert.Equal("trust_user", await scene.NpgsqlAsync("alice", Secret, Insist));

        static void Insist(NpgsqlConnectionStringBuilder builder)
        {
            builder.SslMode = SslMode.Require;
            builder.ChannelBinding = ChannelBinding.Require;
        }
    }

    [Theory]
    [InlineData("server-sha384")]
    [InlineData("server-pss")]
    public async Task Scram_binds_to_certificates_with_other_signatures(string certificate)
    {
        await using var scene =
            await StartAsync("scram", $"\"users\": {Clients}, {Tls("require", certificate)}");
        const string insists = "sslmode=require channel_binding=require";
        (await scene.PsqlAsync("alice", Secret, more: insists)).AssertSays("trust_user");
    }

    [Fact]
    public async Task Without_TLS_a_client_that_insists_on_channel_binding_goes_away()
    {
        await using var scene = await StartAsync("scram", $"\"users\": {Clients}");
        (await scene.PsqlAsync("alice", Secret, more: "channel_binding=require")).AssertRefused("channel binding");
    }

    [Fact]
    public async Task A_certificate_names_its_user()
    {
        const string users = """ "users": { "alice": {}, "bob": {} } """;
        await using var scene = await StartAsync("cert", $"{users}, {Tls("verify-ca", authority: true)}");
        (await scene.PsqlAsync("alice", null, more: Present("client"))).AssertSays("trust_user");
        (await scene.PsqlAsync("bob", null, more: Present("client")))
            .AssertRefused("the certificate's common name \"alice\" is not the user name \"bob\"");
        (await scene.PsqlAsync("alice", null, more: "sslmode=require sslcert=/none"))
            .AssertRefused("certificate required");
        (await scene.PsqlAsync("alice", null, more: "sslmode=disable")).AssertRefused("must use TLS");
        (await scene.PsqlAsync("alice", null, more: Present("foreign-client"))).AssertRefused("unknown ca");
        (await scene.PsqlAsync("root", null, more: Present("nul-client")))
            .AssertRefused("user \"root\" must present a client certificate");
    }

    [Fact]
    public async Task A_certificate_is_no_way_in_for_a_user_who_is_not_listed()
    {
        await using var scene = await StartAsync(
            "cert", $$""" "users": { "bob": {} }, {{Tls("verify-ca", authority: true)}} """);
        (await scene.PsqlAsync("alice", null, more: Present("client"))).AssertRefused("role \"alice\" does not exist");
    }

    [Fact]
    public async Task Trust_asks_for_nothing_and_still_knows_its_users()
    {
        await using var scene = await StartAsync("trust", """ "users": { "alice": {} } """);
        (await scene.PsqlAsync("alice", null)).AssertSays("trust_user");
        (await scene.PsqlAsync("alice", "anything")).AssertSays("trust_user");
        (await scene.PsqlAsync("nobody", null)).AssertRefused("role \"nobody\" does not exist");
        Assert.Equal("trust_user", await scene.NpgsqlAsync("alice", ""));
    }

    private static string Stored(string kind) =>
        kind switch
        {
            "md5" => Md5Password.Hash("alice", Secret),
            "verifier" => ScramVerifier.FromPassword(Secret).Format(),
            _ => Secret,
        };

    private static async Task AssertRefusedAsync(LoginScene scene, string user, string password)
    {
        var refused = await Assert.ThrowsAsync<PostgresException>(() => scene.NpgsqlAsync(user, password));
        Assert.Equal("28P01", refused.SqlState);
        Assert.Equal("FATAL", refused.InvariantSeverity);
    }

    private string Present(string certificate)
    {
        var files = server.Certificates;
        return $"sslmode=require sslcert={files.PathOf($"{certificate}.crt")} "
            + $"sslkey={files.PathOf($"{certificate}.key")}";
    }

    private string Tls(string mode, string certificate = "server", bool authority = false)
    {
        var files = server.Certificates;
        var trusted = authority ? $", \"authorityFile\": \"{files.AuthorityFile}\"" : "";
        return $"\"tls\": {{ \"mode\": \"{mode}\", \"certificateFile\": \"{files.PathOf($"{certificate}.crt")}\", "
            + $"\"keyFile\": \"{files.PathOf($"{certificate}.key")}\"{trusted} }}";
    }

    private Task<LoginScene> StartAsync(string method, string more) =>
        LoginScene.StartAsync(
            server,
            $$"""
            {
              "auth": {{JsonSerializer.Serialize(method)}},
              "databases": { "*": { "host": "127.0.0.1", "port": {{server.Port}}, "user": "trust_user" } },
              {{more}}
            }
            """);
}
