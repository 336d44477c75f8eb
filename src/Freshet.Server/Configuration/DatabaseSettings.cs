using System.Collections.Immutable;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>Makes <see cref="DatabaseSnapshot"/>s from the URL and from <c>databases</c>.</summary>
internal sealed class DatabaseSettings(
    SettingReading reading,
    PoolSnapshot pool,
    DatabaseCacheSnapshot cache,
    TlsSnapshot serverTls
)
{
    public const string AnyName = "*";

    private readonly Dictionary<string, DatabaseSnapshot> _databases = new(StringComparer.Ordinal);

    public DatabaseSnapshot? Any { get; private set; }

    public ImmutableDictionary<string, DatabaseSnapshot> Listed =>
        _databases.ToImmutableDictionary(StringComparer.Ordinal);

    public void AddListed(FreshetOptions options)
    {
        foreach (var (name, database) in options.Databases)
        {
            if (Make(name, database, $"databases.{name}") is not { } snapshot)
                continue;
            if (string.Equals(name, AnyName, StringComparison.Ordinal))
                Any = snapshot;
            else
                _databases.Add(name, snapshot);
        }
    }

    /// <summary>Lists the URL's database; every other name goes to the same server unless <c>databases</c> says
    /// otherwise.</summary>
    public void AddUrl(ServerUrl server)
    {
        var database = new DatabaseSnapshot(
            server.Database,
            HostOf(server.Url.Host),
            server.Url.Port,
            server.Database,
            server.User,
            server.Password,
            TlsFor(server.Url, new TlsOptions(), "url", "url"),
            PoolFor(server.Url, new PoolOptions(), "url")
        )
        {
            Cache = cache,
        };
        if (!_databases.TryAdd(server.Database, database))
        {
            reading.Refuse(
                $"databases.{server.Database}",
                "is also the database of url; remove one of them, or name the server in databases alone"
            );
        }
        Any ??= database with { Name = AnyName, ServerDatabase = null };
    }

    private DatabaseSnapshot? Make(string name, DatabaseOptions options, string path)
    {
        if (name.Length == 0 || name.Length > 63 || name.Any(char.IsControl))
            reading.Refuse(path, "is no database name; allowed are 1 to 63 characters, or * for every other name");
        PostgresUrl? url = null;
        if (options.Url is not null)
        {
            url = ServerUrl.Parse(options.Url, $"{path}.url", reading);
            RefuseBesideUrl(options, path);
            if (url is null)
                return null;
        }
        else if (options.Host is null)
        {
            reading.Refuse(path, "needs a url or a host");
            return null;
        }
        if (new[] { url?.Password, options.Password, options.PasswordFile }.Count(secret => secret is not null) > 1)
            reading.Refuse(path, "has more than one of: a password in url, password, passwordFile; keep one");
        var password = options.PasswordFile is null
            ? url?.Password ?? options.Password
            : SecretFile.Read(options.PasswordFile, $"{path}.passwordFile", reading);
        var user = url is null ? options.User : url.User;
        if (password is not null && user is null)
            reading.Refuse(path, "has a password and no user; name the user, or remove the password");
        url ??= new PostgresUrl
        {
            Host = options.Host,
            Port = options.Port ?? PostgresUrl.DefaultPort,
            Database = options.Dbname,
        };
        return new DatabaseSnapshot(
            name,
            HostOf(url.Host),
            url.Port,
            url.Database,
            user,
            password,
            TlsFor(url, options.ServerTls, $"{path}.url", $"{path}.serverTls"),
            PoolFor(url, options.Pool, path)
        )
        {
            MaxConnections = options.MaxConnections ?? 0,
            Cache = CacheFor(name, options.Cache, $"{path}.cache"),
        };
    }

    private DatabaseCacheSnapshot CacheFor(string name, CacheOptions options, string path)
    {
        if (options.Profiles.Count > 0)
        {
            reading.Refuse(
                $"{path}.profiles", "is not a setting of one database; move it to cache.profiles, which all share");
        }
        else
            options.CheckProfiles(cache.Profiles, path, reading);
        return options.ToSnapshot(cache, name);
    }

    private void RefuseBesideUrl(DatabaseOptions options, string path)
    {
        (string Key, object? Value)[] parts =
        [
            ("host", options.Host),
            ("port", options.Port),
            ("dbname", options.Dbname),
            ("user", options.User),
        ];
        foreach (var (key, _) in parts.Where(part => part.Value is not null))
            reading.Refuse($"{path}.{key}", $"cannot stand beside {path}.url, which says it already");
    }

    private TlsSnapshot TlsFor(PostgresUrl url, TlsOptions options, string urlPath, string path)
    {
        // As libpq: a unix socket is never encrypted, whatever sslmode says.
        if (HostOf(url.Host).StartsWith('/'))
            return TlsSnapshot.Disabled;
        var fromUrl = ServerUrl.TlsOf(url);
        if (fromUrl == new TlsOptions())
            return TlsSettings.ForServers(options, serverTls, path, reading);
        if (options != new TlsOptions())
            reading.Refuse(path, $"cannot stand beside the ssl parameters of {urlPath}; keep one of them");
        var inherited = fromUrl.AuthorityFile is null && url.SslRootCertificate is not null
            ? serverTls with { AuthorityFile = null }
            : serverTls;
        return TlsSettings.ForServers(fromUrl, inherited, urlPath, reading);
    }

    private PoolSnapshot PoolFor(PostgresUrl url, PoolOptions options, string path)
    {
        var own = options with { ServerConnectTimeout = options.ServerConnectTimeout ?? url.ConnectTimeout };
        var snapshot = own.ToSnapshot(pool);
        if (snapshot != pool)
            CheckPool(snapshot, $"{path}.pool", reading);
        return snapshot;
    }

    public static void CheckPool(PoolSnapshot pool, string path, SettingReading reading)
    {
        if (pool.MinSize > pool.Size)
        {
            // The one that was set is to blame; either may be inherited.
            var key = reading.IsSet($"{path}.minSize") ? $"{path}.minSize" : $"{path}.size";
            reading.Refuse(key, $"minSize is {pool.MinSize} and size is {pool.Size}; minSize must not be larger");
        }
    }

    private static string HostOf(string? host) => host ?? PostgresUrl.DefaultSocketDirectory();
}
