using System.Collections;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>The top-level <c>url</c>: one server for every database name, and its user the one that may log in. What
/// the URL leaves out comes from <c>PGUSER</c>, <c>PGPASSWORD</c> and libpq's defaults.</summary>
internal sealed record ServerUrl(PostgresUrl Url, string User, string? Password)
{
    public string Database => Url.Database ?? User;

    /// <summary>Null when no URL was given or it cannot be used.</summary>
    public static ServerUrl? Read(FreshetOptions options, IDictionary environment, SettingReading reading)
    {
        if (options.Url is null)
        {
            if (options.PasswordFile is not null)
                reading.Refuse("passwordFile", "is the secret of url, and url is not set");
            return null;
        }
        var url = Parse(options.Url, "url", reading);
        if (url is null)
            return null;
        if (url.Password is not null && options.PasswordFile is not null)
            reading.Refuse("passwordFile", "is set, and url holds a password too; remove one of them");
        var password = options.PasswordFile is null
            ? url.Password ?? Filled(environment["PGPASSWORD"])
            : SecretFile.Read(options.PasswordFile, "passwordFile", reading);
        return new ServerUrl(url, url.User ?? Filled(environment["PGUSER"]) ?? Environment.UserName, password);
    }

    public static PostgresUrl? Parse(string text, string key, SettingReading reading)
    {
        if (PostgresUrl.TryParse(text, out var url, out var errors))
            return url;
        foreach (var error in errors)
            reading.Refuse(key, error);
        return null;
    }

    /// <summary>The URL's own TLS parameters, as if they stood in a <c>serverTls</c> section.</summary>
    public static TlsOptions TlsOf(PostgresUrl url)
    {
        var system = string.Equals(url.SslRootCertificate, "system", StringComparison.Ordinal);
        return new TlsOptions
        {
            // libpq: sslrootcert=system means nothing weaker than verify-full.
            Mode = system ? TlsMode.VerifyFull : url.SslMode,
            CertificateFile = url.SslCertificate,
            KeyFile = url.SslKey,
            AuthorityFile = system ? null : url.SslRootCertificate,
        };
    }

    private static string? Filled(object? value) => value is string { Length: > 0 } text ? text : null;

    // The generated text would hold the password.
    public override string ToString() => Url.ToString();
}
