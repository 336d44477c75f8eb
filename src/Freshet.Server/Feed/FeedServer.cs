using Freshet.Server.Configuration;
using Freshet.Server.Proxy.Settings;
using Npgsql;

namespace Freshet.Server.Feed;

/// <summary>The database whose changes are followed, and as whom.</summary>
/// <param name="Host">Host name, address, or the directory of a unix socket (starts with <c>/</c>).</param>
/// <param name="Port">TCP port, or the number in the unix socket's name.</param>
/// <param name="Database">The database; a feed follows one.</param>
/// <param name="User">A role with REPLICATION; no superuser is needed.</param>
/// <param name="Password">Its clear-text password; null: none.</param>
/// <param name="Tls">As for all connections to servers.</param>
internal sealed record FeedServer(
    string Host, int Port, string Database, string User, string? Password, TlsSnapshot Tls)
{
    /// <summary>Never encrypted, as in libpq.</summary>
    public bool IsUnixSocket => Host.StartsWith('/');

    /// <summary>The server as errors and logs name it.</summary>
    public string Target => IsUnixSocket ? $"{Host}/.s.PGSQL.{Port}" : $"{Host}:{Port}";

    /// <summary>From a URL of the configuration.</summary>
    public static FeedServer From(ServerUrl server)
    {
        TlsOptions tls = ServerUrl.TlsOf(server.Url);
        return new FeedServer(
            server.Url.Host ?? PostgresUrl.DefaultSocketDirectory(),
            server.Url.Port,
            server.Database,
            server.User,
            server.Password,
            new TlsSnapshot(tls.Mode ?? TlsMode.Prefer, tls.CertificateFile, tls.KeyFile, tls.AuthorityFile));
    }

    /// <summary>For the ordinary connection that reads the catalog.</summary>
    internal string ConnectionString(TimeSpan connectTimeout) => new NpgsqlConnectionStringBuilder
    {
        Host = Host,
        Port = Port,
        Database = Database,
        Username = User,
        // An empty password keeps Npgsql from looking for one elsewhere.
        Password = Password ?? "",
        ApplicationName = "freshet feed",
        Pooling = false,
        Timeout = Math.Max(1, (int)connectTimeout.TotalSeconds),
        CommandTimeout = 30,
        KeepAlive = 30,
    }.With(Tls.Mode, Tls.AuthorityFile, Tls.CertificateFile, Tls.KeyFile).ConnectionString;

    // The generated text would hold the password.
    public override string ToString() => $"{User}@{Target}/{Database}";
}
