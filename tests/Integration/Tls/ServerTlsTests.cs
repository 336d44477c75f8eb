using Freshet.Tests.Integration.Servers;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Tls;

/// <summary>What every <c>serverTls.mode</c> does with a server whose certificate is for 127.0.0.1 only.</summary>
/// <param name="server">With TLS.</param>
/// <param name="plain">A server without TLS.</param>
[Collection(nameof(SecuredServerCollection))]
public sealed class ServerTlsTests(SecuredServer server, TestServers plain)
{
    private const string Question = "select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()";

    /// <summary>Mode, host, authority, whether the connection is encrypted; null: there is none.</summary>
    public static TheoryData<string, string, string?, bool?> Modes => new()
    {
        { "disable", "127.0.0.1", null, false },
        { "prefer", "127.0.0.1", null, true },
        { "require", "localhost", null, true },
        { "require", "127.0.0.1", "authority.crt", true },
        { "require", "127.0.0.1", "other.crt", null },
        { "verify-ca", "127.0.0.1", "authority.crt", true },
        { "verify-ca", "localhost", "authority.crt", true },
        { "verify-ca", "127.0.0.1", "other.crt", null },
        { "verify-full", "127.0.0.1", "authority.crt", true },
        { "verify-full", "localhost", "authority.crt", null },
        { "verify-full", "127.0.0.1", "other.crt", null },
        { "verify-full", "127.0.0.1", null, null },
    };

    [Theory, MemberData(nameof(Modes))]
    public async Task The_servers_certificate_is_checked_as_the_mode_says(
        string mode, string host, string? authority, bool? encrypted)
    {
        await using var scene = await TlsScene.ForServersAsync(server, host, mode, authority);
        var psql = await scene.PsqlAsync("alice", null, Question);
        if (encrypted is { } ssl)
        {
            psql.AssertSays(ssl ? "t" : "f");
        }
        else
        {
            psql.AssertRefused("cannot get a server connection: TLS handshake with ");
            Assert.Contains("HINT", psql.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("require")]
    [InlineData("verify-full")]
    public async Task A_server_without_TLS_is_refused_where_the_mode_asks_for_it(string mode)
    {
        var authority = mode is "require" ? null : "authority.crt";
        await using var scene =
            await TlsScene.ForServersAsync(server, "127.0.0.1", mode, authority, plain.Postgres.Port);
        (await scene.PsqlAsync("alice", null, Question)).AssertRefused(
            $"127.0.0.1:{plain.Postgres.Port} does not speak TLS, and the setting serverTls.mode asks for it");
        var refused = await Assert.ThrowsAsync<PostgresException>(() => scene.NpgsqlAsync("alice", ""));
        Assert.Equal("08006", refused.SqlState);
    }

    [Fact]
    public async Task A_server_without_TLS_is_taken_where_TLS_is_only_preferred()
    {
        await using var scene = await TlsScene.ForServersAsync(
            server, "127.0.0.1", "prefer", null, plain.Postgres.Port, "wire");
        (await scene.PsqlAsync("alice", null, Question)).AssertSays("f");
    }
}
