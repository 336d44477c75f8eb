using Freshet.Server.Proxy.Settings;
using Npgsql;

namespace Freshet.Server.Configuration;

/// <summary>TLS of the control plane's own connections by Npgsql, with libpq's meaning of <c>sslmode</c>:
/// <see cref="TlsMode.Require"/> with an authority file checks the chain.</summary>
internal static class NpgsqlTls
{
    public static NpgsqlConnectionStringBuilder With(
        this NpgsqlConnectionStringBuilder builder, TlsMode? mode, string? authority, string? certificate, string? key)
    {
        builder.SslMode = mode switch
        {
            TlsMode.Disable => SslMode.Disable,
            TlsMode.Allow => SslMode.Allow,
            TlsMode.Require when authority is not null => SslMode.VerifyCA,
            TlsMode.Require => SslMode.Require,
            TlsMode.VerifyCa => SslMode.VerifyCA,
            TlsMode.VerifyFull => SslMode.VerifyFull,
            _ => SslMode.Prefer,
        };
        builder.SslCertificate = certificate;
        builder.SslKey = key;
        builder.RootCertificate = authority;
        return builder;
    }
}
