using Freshet.Server.Health;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>The keys of <c>freshet.json</c> as they were written, from all sources; null: not set. The values are
/// well-formed but not yet checked against each other.</summary>
internal sealed record FreshetOptions
{
    public const int MostConnections = 1_000_000;

    public string? Url { get; init; }
    public string? PasswordFile { get; init; }
    public IReadOnlyList<string>? Listen { get; init; }
    public string? Http { get; init; }
    public string? HttpToken { get; init; }
    public string? HttpTokenFile { get; init; }
    public UnhealthyWhenDown? UnhealthyWhenDown { get; init; }
    public int? Threads { get; init; }
    public AuthMethod? Auth { get; init; }
    public bool? Insecure { get; init; }
    public LogFormat? Logs { get; init; }
    public ProxyLogLevel? LogLevel { get; init; }
    public TlsOptions Tls { get; init; } = new();
    public TlsOptions ServerTls { get; init; } = new();
    public PoolOptions Pool { get; init; } = new();
    public CacheOptions Cache { get; init; } = new();
    public long? CacheSize { get; init; }
    public long? MaxCachedResultSize { get; init; }
    public IReadOnlyList<(string Name, DatabaseOptions Options)> Databases { get; init; } = [];
    public IReadOnlyList<(string Name, UserOptions Options)> Users { get; init; } = [];
    public string? UsersFile { get; init; }
    public int? MaxClientConnections { get; init; }
    public TimeSpan? ClientLoginTimeout { get; init; }
    public TimeSpan? ClientIdleTimeout { get; init; }
    public TimeSpan? DrainTimeout { get; init; }
    public long? MaxSharedStatementSize { get; init; }
    public long? StatementCacheSize { get; init; }
    public int? MaxClientPreparedStatements { get; init; }

    public static FreshetOptions Read(SettingSection section)
    {
        _ = section.Text("$schema");
        var options = new FreshetOptions
        {
            Url = section.Secret("url"),
            PasswordFile = section.Text("passwordFile"),
            Listen = section.List("listen"),
            Http = section.Text("http"),
            HttpToken = section.Secret("httpToken"),
            HttpTokenFile = section.Text("httpTokenFile"),
            UnhealthyWhenDown = section.Choice<UnhealthyWhenDown>("unhealthyWhenDown"),
            Threads = section.Integer("threads", 1, 1_024),
            Auth = section.Choice<AuthMethod>("auth"),
            Insecure = section.Flag("insecure"),
            Logs = section.Choice<LogFormat>("logs"),
            LogLevel = section.Choice<ProxyLogLevel>("logLevel"),
            Tls = TlsOptions.Read(section.Section("tls")),
            ServerTls = TlsOptions.Read(section.Section("serverTls")),
            Pool = PoolOptions.Read(section.Section("pool")),
            Cache = CacheOptions.Read(section.Section("cache")),
            CacheSize = section.Size("cacheSize", 1024 * 1024, 1L << 40),
            MaxCachedResultSize = section.Size("maxCachedResultSize", 1024, 1L << 30),
            Databases =
            [
                .. section.Map("databases").Select(entry => (entry.Name, DatabaseOptions.Read(entry.Section))),
            ],
            Users = [.. section.Map("users").Select(entry => (entry.Name, UserOptions.Read(entry.Section)))],
            UsersFile = section.Text("usersFile"),
            MaxClientConnections = section.Integer("maxClientConnections", 1, MostConnections),
            ClientLoginTimeout = section.Time("clientLoginTimeout", TimeSpan.Zero, PoolOptions.LongestTime),
            ClientIdleTimeout = section.Time("clientIdleTimeout", TimeSpan.Zero, PoolOptions.LongestTime),
            DrainTimeout = section.Time("drainTimeout", TimeSpan.Zero, PoolOptions.LongestTime),
            // A message longer than 1 GB cannot exist.
            MaxSharedStatementSize = section.Size("maxSharedStatementSize", 0, 256L * 1024),
            StatementCacheSize = section.Size("statementCacheSize", 0, 1L << 40),
            MaxClientPreparedStatements = section.Integer("maxClientPreparedStatements", 1, MostConnections),
        };
        section.Close();
        return options;
    }

    // The generated text would hold the passwords.
    public override string ToString() => "options";
}

internal enum LogFormat
{
    Text,
    Json,
}
