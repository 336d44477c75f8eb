using System.Collections;
using System.Collections.Immutable;
using System.Net;
using Freshet.Server.Http;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>Checks the options against each other and makes the snapshots. Errors go to the reading; a result that was
/// built beside errors must not be used.</summary>
internal sealed class SnapshotBuilder(FreshetOptions options, IDictionary environment, SettingReading reading)
{
    private static readonly IPEndPoint DefaultListen = new(IPAddress.Loopback, 6432);

    private static readonly TlsSnapshot DefaultServerTls = TlsSnapshot.Disabled with { Mode = TlsMode.Prefer };

    public FreshetConfiguration Build(string? file)
    {
        var proxy = BuildProxy();
        var http = HttpSettings.ReadAddress(options, reading);
        var token = HttpSettings.ReadToken(options, reading);
        ExposureRules.Check(proxy, http, token is not null, options.Insecure ?? false, reading);
        var configuration = new FreshetConfiguration
        {
            Proxy = proxy,
            Http = http,
            HttpToken = token is null ? null : new HttpToken(token),
            UnhealthyWhenDown = options.UnhealthyWhenDown ?? default,
            Logs = options.Logs ?? LogFormat.Text,
            LogLevel = options.LogLevel ?? ProxyLogLevel.Information,
            File = file,
            Warnings = [.. reading.Warnings],
            Settings = [],
        };
        return configuration with { Settings = EffectiveSettings.List(options, configuration, reading) };
    }

    private ProxySnapshot BuildProxy()
    {
        var pool = options.Pool.ToSnapshot(new PoolSnapshot());
        DatabaseSettings.CheckPool(pool, "pool", reading);
        var serverTls = TlsSettings.ForServers(options.ServerTls, DefaultServerTls, "serverTls", reading);
        var auth = options.Auth ?? AuthMethod.Scram;
        var cache = options.Cache.ToSnapshot(new DatabaseCacheSnapshot());
        options.Cache.CheckProfiles(cache.Profiles, "cache", reading);
        var databases = new DatabaseSettings(reading, pool, cache, serverTls);
        var users = new UserSettings(reading, auth);
        databases.AddListed(options);
        users.AddListed(options);
        if (options.UsersFile is not null)
            users.AddFile(options.UsersFile);
        var server = ServerUrl.Read(options, environment, reading);
        if (server is not null)
        {
            databases.AddUrl(server);
            users.AddUrl(server);
        }
        else if (options.Url is null)
            CheckSomethingIsServed(users);
        var tls = TlsSettings.ForClients(options.Tls, "tls", reading);
        if (auth == AuthMethod.Cert && tls.Mode is not (TlsMode.VerifyCa or TlsMode.VerifyFull))
        {
            reading.Refuse(
                "auth",
                $"is cert, and tls.mode is {SettingNames.Value(tls.Mode)}; set it to verify-ca or verify-full"
            );
        }
        var defaults = new ProxySnapshot
        {
            Listen = ReadListen(),
            Auth = auth,
            ClientTls = tls,
            Databases = databases.Listed,
            AnyDatabase = databases.Any,
            Users = users.Users,
        };
        return defaults with
        {
            Threads = options.Threads ?? defaults.Threads,
            MaxClientConnections = options.MaxClientConnections ?? defaults.MaxClientConnections,
            ClientLoginTimeout = options.ClientLoginTimeout ?? defaults.ClientLoginTimeout,
            ClientIdleTimeout = options.ClientIdleTimeout ?? defaults.ClientIdleTimeout,
            DrainTimeout = options.DrainTimeout ?? defaults.DrainTimeout,
            MaxSharedStatementBytes = (int)(options.MaxSharedStatementSize ?? defaults.MaxSharedStatementBytes),
            StatementCacheBytes = options.StatementCacheSize ?? defaults.StatementCacheBytes,
            MaxClientPreparedStatements =
                options.MaxClientPreparedStatements ?? defaults.MaxClientPreparedStatements,
            Cache = new CacheSnapshot
            {
                SizeBytes = options.CacheSize ?? defaults.Cache.SizeBytes,
                MaxResultBytes = (int)(options.MaxCachedResultSize ?? defaults.Cache.MaxResultBytes),
            },
        };
    }

    private void CheckSomethingIsServed(UserSettings users)
    {
        if (options.Databases.Count == 0)
        {
            reading.Refuse(
                "databases",
                "is empty and there is no url, so there is no server to connect to; give a URL "
                    + "(freshet up postgres://user:password@host:5432/database) or list databases in freshet.json"
            );
        }
        else if (users.Users.IsEmpty)
            reading.Refuse("users", "is empty and there is no usersFile, so nobody could log in; list who may");
    }

    private ImmutableArray<ListenAddress> ReadListen()
    {
        var addresses = ImmutableArray.CreateBuilder<ListenAddress>();
        foreach (var text in options.Listen ?? [DefaultListen.ToString()])
        {
            if (!EndpointText.TryParse(text, out var endpoint))
            {
                reading.Refuse("listen", $"is {SafeText.Quote(text)}; allowed is {EndpointText.Allowed}");
                continue;
            }
            var address = new ListenAddress(endpoint.Address, endpoint.Port);
            if (address.Port != 0 && addresses.Contains(address))
                reading.Refuse("listen", $"names {address} twice");
            else
                addresses.Add(address);
        }
        if (options.Listen is { Count: 0 })
            reading.Refuse("listen", $"is empty; allowed is {EndpointText.Allowed}");
        return addresses.ToImmutable();
    }
}
