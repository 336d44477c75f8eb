using Freshet.Server.Proxy.Settings;
using Npgsql;

namespace Freshet.Server.Feed;

/// <summary>The database to follow, and the role to do it as.</summary>
internal sealed record FeedTarget(
    string Host, int Port, string Database, string User, string? Password, TlsSnapshot Tls)
{
    private const int TimeoutSeconds = 15;

    public bool IsUnixSocket => Host.StartsWith('/');

    /// <summary>For ordinary connections; pooling off, as each of them is held for good.</summary>
    public string ConnectionString()
    {
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = Host,
            Port = Port,
            Database = Database,
            Username = User,
            Password = Password,
            Pooling = false,
            Timeout = TimeoutSeconds,
            CommandTimeout = TimeoutSeconds,
            ApplicationName = "freshet",
            SslMode = Tls.Mode switch
            {
                TlsMode.Disable => SslMode.Disable,
                TlsMode.Allow => SslMode.Allow,
                TlsMode.Prefer => SslMode.Prefer,
                TlsMode.Require => SslMode.Require,
                TlsMode.VerifyCa => SslMode.VerifyCA,
                _ => SslMode.VerifyFull,
            },
            // A table under somebody's lock must not hold up the pulses; it is tried again.
            Options = "-c lock_timeout=500",
            IncludeErrorDetail = false,
            MaxAutoPrepare = 4,
            AutoPrepareMinUsages = 1,
        };
        if (Tls.AuthorityFile is not null)
        {
            builder.RootCertificate = Tls.AuthorityFile;
        }

        if (Tls.CertificateFile is not null)
        {
            builder.SslCertificate = Tls.CertificateFile;
            builder.SslKey = Tls.KeyFile;
        }

        return builder.ConnectionString;
    }

    // The generated text would hold the password.
    public override string ToString() => $"{Host}:{Port}/{Database} as {User}";
}
