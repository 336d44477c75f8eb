namespace Freshet.Server.Proxy.Settings;

/// <summary>Where the clients of one database name go.</summary>
/// <param name="Name">The name that clients ask for; <c>*</c> for every name that is not listed.</param>
/// <param name="Host">Host name, address, or the directory of a unix socket (starts with <c>/</c>).</param>
/// <param name="Port">TCP port, or the number in the unix socket's name.</param>
/// <param name="ServerDatabase">The database on the server; null: the name that the client asked for.</param>
/// <param name="User">The role for the server; null: the client's user name.</param>
/// <param name="Password">That role's secret; null: the client's own, from the user directory.</param>
/// <param name="Tls">TLS towards the server.</param>
/// <param name="Pool">Limits of each of its pools.</param>
internal sealed record DatabaseSnapshot(
    string Name,
    string Host,
    int Port,
    string? ServerDatabase,
    string? User,
    string? Password,
    TlsSnapshot Tls,
    PoolSnapshot Pool
)
{
    /// <summary>Most server connections of all pools of this database; 0 (default): no limit.</summary>
    public int MaxConnections { get; init; }

    /// <summary>How its results are cached.</summary>
    public DatabaseCacheSnapshot Cache { get; init; } = new();

    /// <summary>The server as errors and logs name it.</summary>
    public string Target => IsUnixSocket ? $"{Host}/.s.PGSQL.{Port}" : $"{Host}:{Port}";

    /// <summary>Never encrypted, as in libpq.</summary>
    public bool IsUnixSocket => Host.StartsWith('/');
}
