using Freshet.Tests.Integration.Servers;
using Xunit;

namespace Freshet.Tests.Integration.Tls;

/// <summary>What libpq's <c>sslmode</c> gets from every <c>tls.mode</c> of the proxy.</summary>
/// <param name="server">Behind the proxy.</param>
[Collection(nameof(SecuredServerCollection))]
public sealed class ClientTlsTests(SecuredServer server)
{
    private const string Encrypted = "SSL connection (protocol: TLSv1.3";

    /// <summary>The proxy's mode, libpq's mode, whether the connection is encrypted; null: there is none.</summary>
    public static TheoryData<string, string, bool?> Modes => new()
    {
        { "disable", "disable", false },
        { "disable", "prefer", false },
        { "disable", "require", null },
        { "allow", "disable", false },
        { "allow", "require", true },
        { "prefer", "disable", false },
        { "prefer", "prefer", true },
        { "prefer", "require", true },
        { "require", "disable", null },
        { "require", "allow", true },
        { "require", "prefer", true },
        { "require", "require", true },
        { "verify-ca", "disable", null },
        { "verify-ca", "require", null },
        { "verify-full", "require", null },
    };

    [Theory, MemberData(nameof(Modes))]
    public async Task Client_and_proxy_agree_or_do_not_talk(string mode, string sslmode, bool? encrypted)
    {
        await using var scene = await TlsScene.ForClientsAsync(server, mode);
        var psql = await scene.PsqlAsync("alice", null, @"\conninfo", $"sslmode={sslmode} sslcert=/none");
        Assert.Equal(encrypted is null ? 2 : 0, psql.ExitCode);
        Assert.Equal(encrypted is true, psql.Output.Contains(Encrypted, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("verify-ca")]
    [InlineData("verify-full")]
    public async Task The_proxy_insists_on_a_certificate_of_its_authority(string mode)
    {
        await using var scene = await TlsScene.ForClientsAsync(server, mode);
        (await scene.PsqlAsync("alice", null, more: Present("client"))).AssertSays("trust_user");
        (await scene.PsqlAsync("alice", null, more: Present("foreign-client"))).AssertRefused("unknown ca");
        (await scene.PsqlAsync("alice", null, more: "sslmode=require sslcert=/none"))
            .AssertRefused("certificate required");
    }

    [Theory]
    [InlineData("verify-ca", "127.0.0.1")]
    [InlineData("verify-full", "127.0.0.1")]
    [InlineData("verify-ca", "localhost")]
    public async Task The_client_may_check_the_proxys_certificate(string sslmode, string host)
    {
        await using var scene = await TlsScene.ForClientsAsync(server, "require");
        var more = $"sslmode={sslmode} sslrootcert={server.Certificates.AuthorityFile} hostaddr=127.0.0.1";
        (await scene.PsqlAsync("alice", null, more: more, host: host)).AssertSays("trust_user");
    }

    [Fact]
    public async Task A_client_that_checks_goes_away_from_a_certificate_of_another_host_or_authority()
    {
        await using var scene = await TlsScene.ForClientsAsync(server, "require");
        var files = server.Certificates;
        (await scene.PsqlAsync(
            "alice",
            null,
            more: $"sslmode=verify-full sslrootcert={files.AuthorityFile} hostaddr=127.0.0.1",
            host: "localhost")).AssertRefused("does not match host name \"localhost\"");
        (await scene.PsqlAsync(
            "alice", null, more: $"sslmode=verify-ca sslrootcert={files.PathOf("other.crt")}"))
            .AssertRefused("certificate verify failed");
        (await scene.PsqlAsync("alice", null, more: "sslmode=require")).AssertSays("trust_user");
    }

    [Fact]
    public async Task A_large_result_comes_through_unchanged()
    {
        await using var scene = await TlsScene.ForClientsAsync(server, "require");
        const string sql = "select string_agg(md5(n::text), '' order by n) from generate_series(1, 100000) n";
        var psql = await scene.PsqlAsync("alice", null, sql, "sslmode=require");
        Assert.Equal(await server.ReadAsync(sql), psql.Output);
        Assert.Equal(3_200_000, psql.Output.Length);
    }

    private string Present(string certificate)
    {
        var files = server.Certificates;
        return $"sslmode=require sslcert={files.PathOf($"{certificate}.crt")} "
            + $"sslkey={files.PathOf($"{certificate}.key")}";
    }
}
