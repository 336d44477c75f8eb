using Freshet.Server.Feed;
using Freshet.Server.Feed.Connection;
using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Servers;
using Xunit;

namespace Freshet.Tests.Integration.Feed;

/// <summary>The feed's own connections against each way to log in and each TLS mode.</summary>
[Collection(nameof(SecuredServerCollection))]
public sealed class LoginTests(SecuredServer server)
{
    private static readonly Dictionary<string, string> None = [];

    [Theory]
    [InlineData("scram_user", nameof(TlsMode.Disable), false)]
    [InlineData("scram_user", nameof(TlsMode.Prefer), true)]
    [InlineData("md5_user", nameof(TlsMode.Disable), false)]
    [InlineData("md5_user", nameof(TlsMode.Require), true)]
    [InlineData("password_user", nameof(TlsMode.Disable), false)]
    [InlineData("trust_user", nameof(TlsMode.Disable), false)]
    [InlineData("tls_user", nameof(TlsMode.Prefer), true)]
    [InlineData("tls_user", nameof(TlsMode.Allow), true)]
    [InlineData("plain_user", nameof(TlsMode.Allow), false)]
    [InlineData("plain_user", nameof(TlsMode.Prefer), false)]
    [InlineData("scram_user", nameof(TlsMode.VerifyCa), true)]
    [InlineData("scram_user", nameof(TlsMode.VerifyFull), true)]
    public void Each_way_to_log_in_works(string user, string mode, bool isEncrypted)
    {
        using BackendConnection connection = Open(user, Enum.Parse<TlsMode>(mode));
        Assert.Equal(isEncrypted, connection.IsEncrypted);
        Assert.Equal(user, Assert.Single(connection.Query("select current_user"))[0]);
        Assert.Equal(server.Postgres.MajorVersion, connection.ServerVersionNumber / 10_000);
    }

    [Theory]
    [InlineData("tls_user", nameof(TlsMode.Disable), "no pg_hba.conf entry|reject")]
    [InlineData("plain_user", nameof(TlsMode.Require), "reject")]
    [InlineData("nobody_at_all", nameof(TlsMode.Disable), "password authentication failed")]
    public void What_the_server_refuses_is_told(string user, string mode, string reason)
    {
        FeedException failure = Assert.Throws<FeedException>(() => Open(user, Enum.Parse<TlsMode>(mode)));
        Assert.Equal(FeedFailure.Refused, failure.Failure);
        Assert.Matches(reason, failure.Message);
    }

    [Fact]
    public void A_wrong_password_is_refused_and_not_shown()
    {
        FeedException failure = Assert.Throws<FeedException>(
            () => Open("scram_user", TlsMode.Prefer, password: "the wrong one"));
        Assert.Equal("28P01", failure.SqlState);
        Assert.DoesNotContain("the wrong one", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_of_another_name_or_another_authority_is_refused()
    {
        Assert.Throws<FeedException>(() => Open("scram_user", TlsMode.VerifyFull, host: "localhost"));
        using (Open("scram_user", TlsMode.VerifyCa, host: "localhost"))
        {
            // The name does not count here.
        }

        Assert.Throws<FeedException>(() => Open("scram_user", TlsMode.VerifyCa, authority: "other.crt"));
        Assert.Throws<FeedException>(() => Open("scram_user", TlsMode.Require, authority: "other.crt"));
        Assert.Throws<FeedException>(() => Open("scram_user", TlsMode.VerifyFull, authority: null));
    }

    [Fact]
    public void The_unix_socket_works_too()
    {
        var target = new FeedServer(
            server.Postgres.SocketDirectory, server.Port, SecuredServer.Database, server.Postgres.User,
            server.Postgres.Password, TlsSnapshot.Disabled with { Mode = TlsMode.Prefer });
        using BackendConnection connection = BackendConnection.Open(
            target, None, TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.False(connection.IsEncrypted);
        Assert.Equal("1", Assert.Single(connection.Query("select 1"))[0]);
    }

    [Fact]
    public void Where_nobody_listens_the_connection_is_lost()
    {
        var target = new FeedServer("127.0.0.1", 1, "x", "x", null, TlsSnapshot.Disabled);
        FeedException failure = Assert.Throws<FeedException>(() => BackendConnection.Open(
            target, None, TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Equal(FeedFailure.Lost, failure.Failure);
    }

    private BackendConnection Open(
        string user,
        TlsMode mode,
        string host = "127.0.0.1",
        string password = SecuredServer.Secret,
        string? authority = "authority.crt")
    {
        string? file = authority is null || (mode < TlsMode.VerifyCa && authority is "authority.crt")
            ? null
            : server.Certificates.PathOf(authority);
        var tls = new TlsSnapshot(mode, null, null, file);
        return BackendConnection.Open(
            new FeedServer(host, server.Port, SecuredServer.Database, user, password, tls),
            None,
            TimeSpan.FromSeconds(10),
            TestContext.Current.CancellationToken);
    }
}
