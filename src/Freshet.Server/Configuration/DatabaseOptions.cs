namespace Freshet.Server.Configuration;

/// <summary>The keys of one entry of <c>databases</c>; null: not set.</summary>
internal sealed record DatabaseOptions
{
    /// <summary>Everything in one line, instead of host, port, dbname and user.</summary>
    public string? Url { get; init; }
    public string? Host { get; init; }
    public int? Port { get; init; }
    public string? Dbname { get; init; }
    public string? User { get; init; }
    public string? Password { get; init; }
    public string? PasswordFile { get; init; }
    public int? MaxConnections { get; init; }
    public TlsOptions ServerTls { get; init; } = new();
    public PoolOptions Pool { get; init; } = new();
    public CacheOptions Cache { get; init; } = new();

    public static DatabaseOptions Read(SettingSection section)
    {
        var options = new DatabaseOptions
        {
            Url = section.Secret("url"),
            Host = section.Text("host"),
            Port = section.Integer("port", 1, 65535),
            Dbname = section.Text("dbname"),
            User = section.Text("user"),
            Password = section.Secret("password"),
            PasswordFile = section.Text("passwordFile"),
            MaxConnections = section.Integer("maxConnections", 0, FreshetOptions.MostConnections),
            ServerTls = TlsOptions.Read(section.Section("serverTls")),
            Pool = PoolOptions.Read(section.Section("pool")),
            Cache = CacheOptions.Read(section.Section("cache")),
        };
        section.Close();
        return options;
    }

    // The generated text would hold the password.
    public override string ToString() => $"database options (host {Host})";
}
