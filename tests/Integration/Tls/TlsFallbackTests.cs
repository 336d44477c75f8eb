using Freshet.Tests.Integration.Hardening;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Tls;

/// <summary>The modes that leave two ways into a server: what one of them is refused, the other may be granted.
/// </summary>
/// <param name="server">Knows roles that must come with TLS, and roles that must not.</param>
[Collection(nameof(SecuredServerCollection))]
public sealed class TlsFallbackTests(SecuredServer server)
{
    private const string Question = "select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()";

    /// <summary>Mode, role, whether the connection is encrypted; null: there is none.</summary>
    public static TheoryData<string, string, bool?> Ways => new()
    {
        { "disable", "tls_user", null },
        { "allow", "scram_user", false },
        { "allow", "plain_user", false },
        { "allow", "tls_user", true },
        { "prefer", "scram_user", true },
        { "prefer", "plain_user", false },
        { "prefer", "tls_user", true },
        { "require", "plain_user", null },
    };

    [Theory, MemberData(nameof(Ways))]
    public async Task The_other_way_is_tried_where_the_mode_leaves_one(string mode, string role, bool? encrypted)
    {
        await using var scene = await TlsScene.ForServersAsync(server, "127.0.0.1", mode, null, role: role);
        var psql = await scene.PsqlAsync("alice", null, Question);
        if (encrypted is { } ssl)
        {
            psql.AssertSays(ssl ? "t" : "f");
        }
        else
        {
            psql.AssertRefused("pg_hba.conf rejects connection");
        }
    }

    [Theory]
    [InlineData("disable")]
    [InlineData("allow")] // and then the server says no to TLS
    [InlineData("prefer")] // the server said no to TLS before
    public async Task A_server_without_TLS_is_asked_once(string mode)
    {
        using var scripted = new ScriptedServer(
            (session, _) => session.Send(Backend.Error("28000", "no entry for this way", "FATAL")));
        await AssertToldAsync(scripted, mode, "28000");
        Assert.Equal(1, scripted.Sessions);
    }

    [Theory]
    [InlineData("28P01")]
    [InlineData("53300")]
    [InlineData("57P03")]
    public async Task A_refusal_that_has_nothing_to_do_with_TLS_is_final(string sqlState)
    {
        using var scripted = new ScriptedServer(
            (session, _) => session.Send(Backend.Error(sqlState, "not now", "FATAL")))
        {
            EncryptionAnswer = [],
        };
        await AssertToldAsync(scripted, "allow", sqlState);
        Assert.Equal((1, 0), (scripted.Sessions, scripted.EncryptionRequests));
    }

    [Fact]
    public async Task A_refusal_after_a_secret_was_asked_for_is_final()
    {
        using var scripted = new ScriptedServer(
            (session, _) =>
            {
                session.Send(new MessageWriter('R').Int32(3).ToArray());
                session.Expect('p');
                session.Send(Backend.Error("28000", "no", "FATAL"));
            });
        await AssertToldAsync(scripted, "allow", "28000");
        Assert.Equal((1, 0), (scripted.Sessions, scripted.EncryptionRequests));
    }

    [Fact]
    public async Task A_handshake_that_fails_leaves_the_way_without_TLS_where_TLS_is_only_preferred()
    {
        using var scripted = new ScriptedServer((session, _) => session.AcceptLogin().Serve("plain"))
        {
            EncryptionAnswer = "S"u8.ToArray(),
            ClosesAfterEncryptionAnswer = true,
        };
        await using var proxy = await StartAsync(scripted, "prefer");
        using (var client = proxy.Login())
        {
            Assert.Equal("plain", client.Query("select 1"));
        }

        await proxy.EndAsync();
    }

    private static async Task AssertToldAsync(ScriptedServer scripted, string mode, string sqlState)
    {
        await using var proxy = await StartAsync(scripted, mode);
        using (var client = proxy.Connect())
        {
            client.Send(Frontend.StartupMessage(Frontend.Version30, ("user", "wire"), ("database", "wire")));
            Assert.Equal(sqlState, client.ReadUntilClosed()?.Field('C'));
        }

        await proxy.EndAsync();
    }

    private static Task<GuardedProxy> StartAsync(ScriptedServer scripted, string mode) =>
        GuardedProxy.StartAloneAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", scripted.Port, "wire", "wire", ""))
            {
                Configuration = $$"""
                    {
                      "url": "postgres://wire:secret@127.0.0.1:{{scripted.Port}}/wire?sslmode={{mode}}",
                      "auth": "trust", "pool": { "size": 1, "serverLoginRetry": "15s" },
                      "unhealthyWhenDown": "none"
                    }
                    """,
            });
}
