using System.Security.Cryptography;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Tls;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Tls;

[Collection("TLS")]
public sealed class TlsContextTests(TlsTestCertificates certificates)
{
    [Fact]
    public void A_missing_file_is_named_with_its_setting()
    {
        string path = certificates.PathOf("missing.crt");
        TlsSnapshot settings = certificates.Clients() with { CertificateFile = path };

        string message = ClientsError(settings);
        Assert.StartsWith($"client TLS: CertificateFile \"{path}\"", message, StringComparison.Ordinal);
        Assert.Contains("No such file or directory", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_key_is_named_with_its_setting()
    {
        string path = certificates.PathOf("missing.key");

        string message = ClientsError(certificates.Clients() with { KeyFile = path });
        Assert.StartsWith($"client TLS: KeyFile \"{path}\"", message, StringComparison.Ordinal);
        Assert.Contains("No such file or directory", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_authority_is_named_with_its_setting()
    {
        string path = certificates.PathOf("missing-authority.crt");
        TlsSnapshot settings = certificates.Servers(TlsMode.VerifyCa) with { AuthorityFile = path };

        string message = Assert.Throws<TlsConfigurationException>(() => TlsContext.ForServers(settings)).Message;
        Assert.StartsWith($"server TLS: AuthorityFile \"{path}\"", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_another_certificate_is_refused()
    {
        string path = certificates.PathOf("client.key");

        string message = ClientsError(certificates.Clients() with { KeyFile = path });
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains("key values mismatch", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_key_is_refused_without_being_quoted()
    {
        string path = certificates.PathOf("nonsense.key");
        File.WriteAllText(path, "-----BEGIN PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END PRIVATE KEY-----\n");

        string message = ClientsError(certificates.Clients() with { KeyFile = path });
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_encrypted_key_is_refused_instead_of_asking_on_the_terminal()
    {
        string path = certificates.PathOf("encrypted.key");
        using var key = RSA.Create(2048);
        var parameters = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 10_000);
        File.WriteAllText(path, key.ExportEncryptedPkcs8PrivateKeyPem("secret", parameters));

        string message = ClientsError(certificates.Clients() with { KeyFile = path });
        Assert.Contains("the key is encrypted", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Clients_need_our_certificate() => Assert.Contains(
        "needs CertificateFile and KeyFile",
        ClientsError(new TlsSnapshot(TlsMode.Require, null, null, null)),
        StringComparison.Ordinal);

    [Theory]
    [InlineData(TlsMode.VerifyCa)]
    [InlineData(TlsMode.VerifyFull)]
    public void Clients_are_not_verified_by_the_systems_authorities(object mode) => Assert.Contains(
        "needs AuthorityFile",
        ClientsError(certificates.Clients((TlsMode)mode)),
        StringComparison.Ordinal);

    [Fact]
    public void Verify_ca_is_worth_nothing_with_the_systems_authorities()
    {
        TlsSnapshot settings = certificates.Servers(TlsMode.VerifyCa);

        string message = Assert.Throws<TlsConfigurationException>(() => TlsContext.ForServers(settings)).Message;
        Assert.Contains("VerifyFull", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_without_its_key_is_refused()
    {
        TlsSnapshot settings = certificates.Servers(name: "client") with { KeyFile = null };

        Assert.Throws<TlsConfigurationException>(() => TlsContext.ForServers(settings));
    }

    [Fact]
    public void Disabled_settings_make_no_context()
    {
        Assert.Throws<ArgumentException>(() => TlsContext.ForClients(TlsSnapshot.Disabled));
        Assert.Throws<ArgumentException>(() => TlsContext.ForServers(TlsSnapshot.Disabled));
    }

    [Fact]
    public void A_context_replaced_by_a_reload_leaves_its_sessions_alone()
    {
        using var pair = new TlsSocketPair();
        var clients = TlsContext.ForClients(certificates.Clients());
        var servers = TlsContext.ForServers(certificates.Servers());
        using TlsSession accepted = clients.CreateForClient(pair.LeftDescriptor, directTls: false);
        using TlsSession connected = servers.CreateForServer(pair.RightDescriptor, "db.example");
        clients.Dispose();
        servers.Dispose();

        Assert.Equal((TlsStatus.Done, TlsStatus.Done), TlsSocketPair.Shake(accepted, connected));
        Assert.Throws<ObjectDisposedException>(() => clients.CreateForClient(pair.LeftDescriptor, directTls: false));
    }

    [Fact]
    public void The_sides_are_not_mixed_up()
    {
        using var clients = TlsContext.ForClients(certificates.Clients());
        using var servers = TlsContext.ForServers(certificates.Servers());

        Assert.Throws<InvalidOperationException>(() => clients.CreateForServer(0, "db.example"));
        Assert.Throws<InvalidOperationException>(() => servers.CreateForClient(0, directTls: false));
    }

    private static string ClientsError(TlsSnapshot settings) =>
        Assert.Throws<TlsConfigurationException>(() => TlsContext.ForClients(settings)).Message;
}
