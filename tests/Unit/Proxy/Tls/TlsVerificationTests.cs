using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Tls;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Tls;

[Collection("TLS")]
public sealed class TlsVerificationTests(TlsTestCertificates certificates)
{
    [Theory]
    [InlineData("db.example")]
    [InlineData("DB.example")]
    [InlineData("db.example.")]
    [InlineData("127.0.0.1")]
    public void Verify_full_takes_the_names_in_the_certificate(string host) =>
        Assert.Null(ConnectError(certificates.Servers(TlsMode.VerifyFull, trust: true), "server", host));

    [Theory]
    [InlineData("db.example.org", "hostname mismatch")]
    [InlineData("x.db.example", "hostname mismatch")]
    [InlineData("127.0.0.2", "IP address mismatch")]
    [InlineData("::1", "IP address mismatch")]
    public void Verify_full_refuses_another_host(string host, string reason)
    {
        string? error = ConnectError(certificates.Servers(TlsMode.VerifyFull, trust: true), "server", host);

        Assert.NotNull(error);
        Assert.Contains(reason, error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(host, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TlsMode.VerifyCa, "foreign", "unable to get local issuer certificate")]
    [InlineData(TlsMode.VerifyFull, "foreign", "unable to get local issuer certificate")]
    [InlineData(TlsMode.Require, "foreign", "unable to get local issuer certificate")]
    [InlineData(TlsMode.VerifyCa, "expired", "certificate has expired")]
    [InlineData(TlsMode.VerifyFull, "expired", "certificate has expired")]
    public void A_bad_server_certificate_is_refused(object mode, string server, string reason)
    {
        TlsSnapshot settings = certificates.Servers((TlsMode)mode, trust: true);

        Assert.Contains(reason, ConnectError(settings, server, TlsTestCertificates.Host), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TlsMode.VerifyCa, true)]
    [InlineData(TlsMode.Require, true)]
    [InlineData(TlsMode.Require, false)]
    public void Only_verify_full_looks_at_the_name(object mode, bool trust) =>
        Assert.Null(ConnectError(certificates.Servers((TlsMode)mode, trust: trust), "server", "elsewhere.example"));

    [Theory]
    [InlineData(TlsMode.Allow, true)]
    [InlineData(TlsMode.Prefer, true)]
    [InlineData(TlsMode.Prefer, false)]
    [InlineData(TlsMode.Require, false)]
    public void Modes_without_verification_take_any_certificate(object mode, bool trust) =>
        Assert.Null(ConnectError(certificates.Servers((TlsMode)mode, trust: trust), "foreign", "elsewhere.example"));

    [Fact]
    public void The_systems_authorities_do_not_know_ours()
    {
        string? error = ConnectError(certificates.Servers(TlsMode.VerifyFull), "server", TlsTestCertificates.Host);

        Assert.Contains("certificate verify failed", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TlsMode.VerifyCa)]
    [InlineData(TlsMode.VerifyFull)]
    [InlineData(TlsMode.Require)]
    public void A_verified_client_is_known_by_name(object mode)
    {
        (string? error, string? name) = Accept((TlsMode)mode, "client", trust: true);

        Assert.Null(error);
        Assert.Equal(TlsTestCertificates.ClientName, name);
    }

    [Fact]
    public void A_client_certificate_that_nobody_verified_gives_no_name()
    {
        (string? error, string? name) = Accept(TlsMode.Require, "client", trust: false);

        Assert.Null(error);
        Assert.Null(name);
    }

    [Theory]
    [InlineData(TlsMode.VerifyCa)]
    [InlineData(TlsMode.VerifyFull)]
    public void A_client_without_certificate_is_refused(object mode)
    {
        (string? error, _) = Accept((TlsMode)mode, client: null, trust: true);

        Assert.Contains("peer did not return a certificate", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_may_go_without_certificate_where_none_is_demanded()
    {
        (string? error, string? name) = Accept(TlsMode.Require, client: null, trust: true);

        Assert.Null(error);
        Assert.Null(name);
    }

    [Theory]
    [InlineData(TlsMode.Require)]
    [InlineData(TlsMode.VerifyFull)]
    public void A_client_certificate_of_another_authority_is_refused(object mode)
    {
        (string? error, string? name) = Accept((TlsMode)mode, "foreign-client", trust: true);

        Assert.Contains("certificate verify failed", error, StringComparison.Ordinal);
        Assert.Null(name);
    }

    [Fact]
    public void A_name_with_a_NUL_byte_is_no_name()
    {
        (string? error, string? name) = Accept(TlsMode.VerifyFull, "nul-client", trust: true);

        Assert.Null(error);
        Assert.Null(name);
    }

    private string? ConnectError(TlsSnapshot settings, string server, string host)
    {
        using var pair = new TlsSocketPair();
        using var clients = TlsContext.ForClients(certificates.Clients(name: server));
        using var servers = TlsContext.ForServers(settings);
        using TlsSession accepted = clients.CreateForClient(pair.LeftDescriptor, directTls: false);
        using TlsSession connected = servers.CreateForServer(pair.RightDescriptor, host);
        (TlsStatus left, TlsStatus right) = TlsSocketPair.Shake(accepted, connected);
        if (right == TlsStatus.Done)
        {
            Assert.Equal(TlsStatus.Done, left);
            return null;
        }

        Assert.Equal((TlsStatus.Failed, TlsStatus.Failed), (left, right)); // the alert reached the other side
        Assert.Contains("alert", accepted.Error, StringComparison.Ordinal);
        Assert.Null(connected.PeerCommonName);
        return connected.Error;
    }

    private (string? Error, string? Name) Accept(TlsMode mode, string? client, bool trust)
    {
        using var pair = new TlsSocketPair();
        using var clients = TlsContext.ForClients(certificates.Clients(mode, trust: trust));
        using var servers = TlsContext.ForServers(certificates.Servers(name: client));
        using TlsSession accepted = clients.CreateForClient(pair.LeftDescriptor, directTls: false);
        using TlsSession connected = servers.CreateForServer(pair.RightDescriptor, TlsTestCertificates.Host);
        (TlsStatus left, _) = TlsSocketPair.Shake(accepted, connected);
        if (left == TlsStatus.Done)
            return (null, accepted.PeerCommonName);

        Assert.Equal(TlsStatus.Failed, left);
        Assert.Equal(TlsStatus.Failed, connected.Read(new byte[1], out _)); // TLS 1.3 tells the client afterwards
        Assert.Contains("alert", connected.Error, StringComparison.Ordinal);
        return (accepted.Error, accepted.PeerCommonName);
    }
}
