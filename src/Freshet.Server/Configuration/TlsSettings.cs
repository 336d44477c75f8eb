using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>Checks the TLS keys of one side, and that the files can be used: a bad certificate is found at the start
/// and not by the first client.</summary>
internal static class TlsSettings
{
    public static TlsSnapshot ForClients(TlsOptions options, string path, SettingReading reading)
    {
        var tls = new TlsSnapshot(
            options.Mode ?? (options.CertificateFile is null ? TlsMode.Disable : TlsMode.Prefer),
            options.CertificateFile,
            options.KeyFile,
            options.AuthorityFile
        );
        if (tls.Mode != TlsMode.Disable && tls.CertificateFile is null)
        {
            reading.Refuse(
                $"{path}.mode",
                $"is {SettingNames.Value(tls.Mode)}, which needs {path}.certificateFile and {path}.keyFile"
            );
        }
        if (tls.Mode is TlsMode.VerifyCa or TlsMode.VerifyFull && tls.AuthorityFile is null)
        {
            reading.Refuse(
                $"{path}.mode",
                $"is {SettingNames.Value(tls.Mode)}, which needs {path}.authorityFile to check client certificates with"
            );
        }
        CheckFiles(tls, path, reading);
        return tls;
    }

    public static TlsSnapshot ForServers(
        TlsOptions options,
        TlsSnapshot inherited,
        string path,
        SettingReading reading
    )
    {
        var ownCertificate = options.CertificateFile is not null || options.KeyFile is not null;
        var tls = new TlsSnapshot(
            options.Mode ?? inherited.Mode,
            ownCertificate ? options.CertificateFile : inherited.CertificateFile,
            ownCertificate ? options.KeyFile : inherited.KeyFile,
            options.AuthorityFile ?? inherited.AuthorityFile
        );
        if (tls != inherited)
            CheckFiles(tls, path, reading);
        return tls;
    }

    private static void CheckFiles(TlsSnapshot tls, string path, SettingReading reading)
    {
        if (tls.CertificateFile is null != tls.KeyFile is null)
        {
            var (given, missing) =
                tls.KeyFile is null ? ("certificateFile", "keyFile") : ("keyFile", "certificateFile");
            reading.Refuse($"{path}.{given}", $"needs {path}.{missing} beside it");
        }
        else if (
            tls.CertificateFile is not null
            && IsReadable(tls.CertificateFile, $"{path}.certificateFile", reading)
            && IsReadable(tls.KeyFile!, $"{path}.keyFile", reading)
        )
            CheckPair(tls, path, reading);
        if (tls.AuthorityFile is not null && IsReadable(tls.AuthorityFile, $"{path}.authorityFile", reading))
            CheckAuthority(tls.AuthorityFile, path, reading);
    }

    private static void CheckPair(TlsSnapshot tls, string path, SettingReading reading)
    {
        try
        {
            X509Certificate2.CreateFromPemFile(tls.CertificateFile!, tls.KeyFile).Dispose();
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            reading.Refuse(
                $"{path}.certificateFile",
                $"is {SafeText.Quote(tls.CertificateFile!)}, which is no PEM certificate that fits the key in "
                    + $"{SafeText.Quote(tls.KeyFile!)}: {exception.Message}"
            );
        }
    }

    private static void CheckAuthority(string file, string path, SettingReading reading)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(file);
        }
        catch (CryptographicException exception)
        {
            reading.Refuse(
                $"{path}.authorityFile",
                $"is {SafeText.Quote(file)}, which holds a certificate that cannot be read: {exception.Message}"
            );
            return;
        }
        if (certificates.Count == 0)
            reading.Refuse($"{path}.authorityFile", $"is {SafeText.Quote(file)}, which holds no PEM certificate");
        foreach (var certificate in certificates)
            certificate.Dispose();
    }

    private static bool IsReadable(string file, string key, SettingReading reading)
    {
        try
        {
            using var stream = File.OpenRead(file);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            reading.Refuse(key, $"is {SafeText.Quote(file)}, which cannot be read: {exception.Message}");
            return false;
        }
    }
}
