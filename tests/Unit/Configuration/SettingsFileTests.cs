using Freshet.Server.Configuration;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Settings;
using Xunit;

namespace Freshet.Tests.Unit.Configuration;

public sealed class SettingsFileTests
{
    private const string EveryKey = """
        // Comments and trailing commas are allowed.
        {
          "$schema": "freshet.schema.json",
          "listen": ["127.0.0.1:1000", "[::1]:1001"], "http": "off", "threads": 3, "auth": "md5", "insecure": false,
          "logs": "json", "logLevel": "debug",
          "serverTls": { "mode": "require" },
          "pool": {
            "mode": "session", "size": 30, "minSize": 2, "reserveSize": 4, "reserveTimeout": "1s", "waitTimeout": 9,
            "serverLifetime": "2h", "serverIdleTimeout": "3m", "serverConnectTimeout": "4s",
            "serverLoginRetry": "500ms", "serverCheckDelay": 0, "serverCheckQuery": "", "serverResetQuery": "RESET ALL",
            "maxPreparedStatements": 0, "idleTransactionTimeout": "6s", "queryTimeout": "7s", /* the last */
          },
          "databases": {
            "shop": {
              "host": "10.0.0.1", "port": 6000, "dbname": "shop_1", "user": "shop", "password": "x",
              "maxConnections": 50, "serverTls": { "mode": "disable" }, "pool": { "size": 7, "mode": "statement" },
            },
            "crm": { "url": "postgres://u:p@h:1/d?sslmode=allow&connect_timeout=2" },
            "plain": { "url": "postgres://h" },
            "*": { "host": "/run/pg" },
          },
          "users": {
            "app": { "password": "y", "mode": "session", "maxConnections": 5 },
            "old": { "verifier": "md50123456789abcdef0123456789abcdef" },
          },
          "maxClientConnections": 77, "clientLoginTimeout": "8s", "clientIdleTimeout": "9s", "drainTimeout": "10s",
          "maxSharedStatementSize": "1KB", "statementCacheSize": "1MB", "maxClientPreparedStatements": 12,
        }
        """;

    [Fact]
    public void Every_key_reaches_the_snapshot()
    {
        var configuration = LoadedText.From(EveryKey).Good;
        var proxy = configuration.Proxy;

        Assert.Null(configuration.Http);
        Assert.Equal((LogFormat.Json, ProxyLogLevel.Debug), (configuration.Logs, configuration.LogLevel));
        Assert.Equal(["127.0.0.1:1000", "[::1]:1001"], proxy.Listen.Select(listen => listen.ToString()));
        Assert.Equal((3, AuthMethod.Md5), (proxy.Threads, proxy.Auth));
        Assert.Equal((77, 1_024, 1_048_576L, 12), (
            proxy.MaxClientConnections, proxy.MaxSharedStatementBytes, proxy.StatementCacheBytes,
            proxy.MaxClientPreparedStatements));
        Assert.Equal(
            [8, 9, 10],
            [
                proxy.ClientLoginTimeout.TotalSeconds,
                proxy.ClientIdleTimeout.TotalSeconds,
                proxy.DrainTimeout.TotalSeconds,
            ]
        );
        Assert.Equal(
            new PoolSnapshot
            {
                Mode = PoolMode.Session,
                Size = 30,
                MinSize = 2,
                ReserveSize = 4,
                ReserveTimeout = TimeSpan.FromSeconds(1),
                WaitTimeout = TimeSpan.FromSeconds(9),
                ServerLifetime = TimeSpan.FromHours(2),
                ServerIdleTimeout = TimeSpan.FromMinutes(3),
                ServerConnectTimeout = TimeSpan.FromSeconds(4),
                ServerLoginRetry = TimeSpan.FromMilliseconds(500),
                ServerCheckDelay = TimeSpan.Zero,
                ServerCheckQuery = "",
                ServerResetQuery = "RESET ALL",
                MaxPreparedStatements = 0,
                IdleTransactionTimeout = TimeSpan.FromSeconds(6),
                QueryTimeout = TimeSpan.FromSeconds(7),
            },
            proxy.AnyDatabase!.Pool
        );
        Assert.Equal(new UserSnapshot("app", "y") { Mode = PoolMode.Session, MaxConnections = 5 }, proxy.Users["app"]);
        Assert.StartsWith("md5", proxy.Users["old"].Secret, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_inherits_what_it_does_not_say()
    {
        var proxy = LoadedText.From(EveryKey).Good.Proxy;
        var shop = proxy.Databases["shop"];
        var crm = proxy.Databases["crm"];

        Assert.Equal(
            ("10.0.0.1", 6000, "shop_1", "shop", "x", 50),
            (shop.Host, shop.Port, shop.ServerDatabase, shop.User, shop.Password, shop.MaxConnections)
        );
        Assert.Equal((7, PoolMode.Statement, 2), (shop.Pool.Size, shop.Pool.Mode, shop.Pool.MinSize));
        Assert.Equal(TlsMode.Disable, shop.Tls.Mode);
        Assert.Equal(("h", 1, "d", "u", "p"), (crm.Host, crm.Port, crm.ServerDatabase, crm.User, crm.Password));
        Assert.Equal((TlsMode.Allow, TimeSpan.FromSeconds(2)), (crm.Tls.Mode, crm.Pool.ServerConnectTimeout));
        Assert.Equal((30, TlsMode.Require), (crm.Pool.Size, proxy.Databases["plain"].Tls.Mode));
        Assert.Null(proxy.Databases["plain"].ServerDatabase);
        // A unix socket is never encrypted.
        Assert.Equal(("*", TlsMode.Disable), (proxy.AnyDatabase!.Name, proxy.AnyDatabase.Tls.Mode));
    }

    [Fact]
    public void All_errors_come_at_once_with_their_lines()
    {
        var loaded = LoadedText.From(
            """
            {
              "listen": "example.org:1",
              "poool": { "size": 1 },
              "pool": { "size": 0, "minSize": 5,
                        "mode": "transactions" },
              "databases": { "a": { "hots": "x" },
                             "b": { "host": "h", "port": 70000 } },
              "users": { "u": {} },
              "threads": null,
              "auth": ["scram"],
              "insecure": "yes",
              "drainTimeout": "soon",
              "statementCacheSize": "big",
              "http": 7, "http": "off"
            }
            """
        );

        Assert.Null(loaded.Configuration);
        string[] expected =
        [
            ":2: listen: is \"example.org:1\"; allowed is ADDRESS:PORT",
            ":3: poool: is not a setting; did you mean pool?",
            ":4: pool.size: is \"0\"; allowed is a whole number from 1 to 10000",
            ":5: pool.mode: is \"transactions\"; allowed is one of session, transaction, statement; did you mean trans",
            ":6: databases.a.hots: is not a setting; did you mean databases.a.host?",
            ":6: databases.a: needs a url or a host",
            ":7: databases.b.port: is \"70000\"; allowed is a whole number from 1 to 65535",
            ":8: users.u: has no secret, and auth is scram",
            ":9: threads: is null; remove the key",
            ":10: auth: must be a single value",
            ":11: insecure: is \"yes\"; allowed is true or false",
            ":12: drainTimeout: is \"soon\"; allowed is a duration",
            ":13: statementCacheSize: is \"big\"; allowed is a size",
            ":14: http: stands here for the second time, first in line 14",
            ":14: http: is \"7\"; allowed is a string",
        ];
        foreach (var text in expected)
            Assert.Contains(loaded.Errors, error => error.ToString().Contains(text, StringComparison.Ordinal));
        Assert.Equal(expected.Length, loaded.Errors.Length);
    }

    [Theory]
    [InlineData("", ":1: is not valid JSON")]
    [InlineData("[]", ":1: must hold one JSON object")]
    [InlineData("{\n\"a\": nullhunter2 }", ":2: is not valid JSON at column")]
    [InlineData("{\n\"url\": \"hunter2\n\" }", ":2: is not valid JSON at column")]
    [InlineData("{} x", ":1: is not valid JSON")]
    [InlineData("{ \"pool\": \"hunter2\" }", "pool: must be an object with keys of its own")]
    [InlineData("{ \"databases\": { \"x\": \"postgres://u:hunter2@h\" } }", "databases.x: must be an object")]
    [InlineData("{ \"users\": { \"x\": { \"pasword\": \"hunter2\" } } }", "did you mean users.x.password?")]
    [InlineData("{ \"users\": { \"x\": { \"verifier\": \"hunter2\" } } }", "users.x.verifier: is no verifier")]
    [InlineData("{ \"listen\": \"postgres://u:hunter2@h\" }", "listen: is \"postgres://u:***@h:5432\"")]
    public void A_file_that_cannot_be_used_is_refused_without_its_secrets(string json, string expected)
    {
        var loaded = LoadedText.From(json);
        Assert.Null(loaded.Configuration);
        Assert.Contains(expected, loaded.ErrorText, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", loaded.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_one_error()
    {
        var commandLine = new CommandLineSettings().Root;
        var loader = new ConfigurationLoader(commandLine, new Dictionary<string, string>(), "/no/file");
        Assert.Null(loader.Load(out var errors));
        Assert.StartsWith("/no/file: cannot be read", Assert.Single(errors).ToString(), StringComparison.Ordinal);
    }
}
