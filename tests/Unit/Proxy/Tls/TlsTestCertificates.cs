using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Tests.Unit.Proxy.Tls;

/// <summary>Two authorities and what they signed, as PEM files in a folder that goes away with it.</summary>
public sealed class TlsTestCertificates : IDisposable
{
    internal const string Host = "db.example";
    internal const string ClientName = "alice";

    private readonly X509Certificate2 _authority;
    private readonly X509Certificate2 _otherAuthority;

    public TlsTestCertificates()
    {
        Folder = Directory.CreateTempSubdirectory("freshet-tls-").FullName;
        _authority = CreateAuthority("authority");
        _otherAuthority = CreateAuthority("other");
        Sign("server", Host, _authority);
        Sign("foreign", Host, _otherAuthority);
        Sign("expired", Host, _authority, start: -30, end: -10);
        Sign("client", ClientName, _authority);
        Sign("foreign-client", ClientName, _otherAuthority);
        Sign("nul-client", "root\0.example", _authority);
        Sign("server-sha384", Host, _authority, hash: HashAlgorithmName.SHA384);
        Sign("server-pss", Host, _authority, hash: HashAlgorithmName.SHA512, padding: RSASignaturePadding.Pss);
    }

    internal string Folder { get; }

    internal string AuthorityFile => PathOf("authority.crt");

    internal string PathOf(string file) => Path.Combine(Folder, file);

    internal TlsSnapshot Clients(TlsMode mode = TlsMode.Require, string name = "server", bool trust = false) =>
        new(mode, PathOf($"{name}.crt"), PathOf($"{name}.key"), trust ? AuthorityFile : null);

    internal TlsSnapshot Servers(TlsMode mode = TlsMode.Require, string? name = null, bool trust = false) => new(
        mode,
        name is null ? null : PathOf($"{name}.crt"),
        name is null ? null : PathOf($"{name}.key"),
        trust ? AuthorityFile : null);

    internal X509Certificate2 Load(string name)
    {
        using var pem = X509Certificate2.CreateFromPemFile(PathOf($"{name}.crt"), PathOf($"{name}.key"));
        return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), password: null);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _otherAuthority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private X509Certificate2 CreateAuthority(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest(
            $"CN=Freshet test {name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-60), now.AddDays(60));
        File.WriteAllText(PathOf($"{name}.crt"), certificate.ExportCertificatePem());
        return certificate;
    }

    private void Sign(
        string file,
        string commonName,
        X509Certificate2 authority,
        int start = -1,
        int end = 30,
        HashAlgorithmName? hash = null,
        RSASignaturePadding? padding = null)
    {
        using var key = RSA.Create(2048);
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(commonName);
        var request = new CertificateRequest(
            name.Build(), key, hash ?? HashAlgorithmName.SHA256, padding ?? RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Host);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using RSA authorityKey = authority.GetRSAPrivateKey()!;
        var generator = X509SignatureGenerator.CreateForRSA(authorityKey, padding ?? RSASignaturePadding.Pkcs1);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.Create(
            authority.SubjectName, generator, now.AddDays(start), now.AddDays(end), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(PathOf($"{file}.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(PathOf($"{file}.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
