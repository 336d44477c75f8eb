using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Freshet.Bench.Load.Rig;

/// <summary>A self-signed certificate made for this run: RSA 2048, as most servers have, the same for all parties.
/// </summary>
internal sealed record TlsFiles(string Certificate, string Key)
{
    public static TlsFiles Create(WorkFolder folder)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        return new TlsFiles(
            folder.WriteSecret("tls.crt", certificate.ExportCertificatePem() + "\n"),
            folder.WriteSecret("tls.key", key.ExportPkcs8PrivateKeyPem() + "\n"));
    }
}
