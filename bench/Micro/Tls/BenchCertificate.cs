using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Bench.Micro.Tls;

/// <summary>A self-signed certificate in both options' forms.</summary>
internal sealed class BenchCertificate : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("freshet-bench-").FullName;
    private readonly X509Certificate2 _certificate;

    public BenchCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256);
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string certificateFile = Path.Combine(_folder, "bench.crt");
        string keyFile = Path.Combine(_folder, "bench.key");
        File.WriteAllText(certificateFile, _certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        Snapshot = new TlsSnapshot(TlsMode.Require, certificateFile, keyFile, null);
        Context = SslStreamCertificateContext.Create(_certificate, null, offline: true);
    }

    public TlsSnapshot Snapshot { get; }

    public SslStreamCertificateContext Context { get; }

    public void Dispose()
    {
        _certificate.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
