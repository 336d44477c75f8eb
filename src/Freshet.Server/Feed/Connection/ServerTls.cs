using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Feed.Connection;

/// <summary>TLS towards the server, with libpq's meaning of <c>sslmode</c>: <see cref="TlsMode.Require"/> with an
/// authority file checks the chain, the system's authorities are trusted in <see cref="TlsMode.VerifyFull"/> only.
/// </summary>
internal static class ServerTls
{
    internal static SslStream Authenticate(Stream clear, FeedServer server)
    {
        TlsSnapshot settings = server.Tls;
        var stream = new SslStream(clear, leaveInnerStreamOpen: false);
        try
        {
            stream.AuthenticateAsClient(new SslClientAuthenticationOptions
            {
                TargetHost = server.Host,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                ApplicationProtocols = [new SslApplicationProtocol("postgresql")],
                ClientCertificates = ClientCertificate(settings),
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                    IsTrusted(settings, certificate, errors),
            });
            return stream;
        }
        catch (Exception failure) when (failure is AuthenticationException or CryptographicException)
        {
            stream.Dispose();
            throw new FeedException(
                FeedFailure.Refused, $"TLS with {server.Target}, sslmode {settings.Mode}: {failure.Message}", failure);
        }
    }

    /// <summary>The <c>tls-server-end-point</c> binding of RFC 5929: the certificate's hash by the algorithm of its own
    /// signature, SHA-256 in place of MD5 and SHA-1. Empty where that is not known.</summary>
    internal static byte[] ChannelBinding(SslStream stream)
    {
        if (stream.RemoteCertificate is not { } given)
        {
            return [];
        }

        using var certificate = new X509Certificate2(given);
        return certificate.SignatureAlgorithm.Value switch
        {
            // md5, sha1 and sha256 with RSA; sha1 and sha256 with ECDSA
            "1.2.840.113549.1.1.4" or "1.2.840.113549.1.1.5" or "1.2.840.113549.1.1.11"
                or "1.2.840.10045.4.1" or "1.2.840.10045.4.3.2" => SHA256.HashData(certificate.RawData),
            "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => SHA384.HashData(certificate.RawData),
            "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => SHA512.HashData(certificate.RawData),
            _ => [],
        };
    }

    private static X509Certificate2Collection? ClientCertificate(TlsSnapshot settings) =>
        settings is { CertificateFile: { } certificate, KeyFile: { } key }
            ? [X509Certificate2.CreateFromPemFile(certificate, key)]
            : null;

    private static bool IsTrusted(TlsSnapshot settings, X509Certificate? given, SslPolicyErrors errors)
    {
        bool checksChain = settings.Mode >= TlsMode.VerifyCa
            || (settings.Mode == TlsMode.Require && settings.AuthorityFile is not null);
        if (!checksChain)
        {
            return true;
        }

        bool nameFits = (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0;
        if (given is null || (settings.Mode == TlsMode.VerifyFull && !nameFits))
        {
            return false;
        }

        if (settings.AuthorityFile is not { } authority)
        {
            // Without the name the system's authorities would vouch for anyone.
            return settings.Mode == TlsMode.VerifyFull && errors == SslPolicyErrors.None;
        }

        using var certificate = new X509Certificate2(given);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }
}
