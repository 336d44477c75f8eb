using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Freshet.Server.Configuration;
using Freshet.Server.Proxy.Settings;
using Xunit;

namespace Freshet.Tests.Unit.Configuration;

public sealed class UrlModeTests
{
    [Fact]
    public void The_url_lists_its_database_and_serves_every_other_name()
    {
        var proxy = LoadedText.WithUrl("postgres://app:pw@db.example:6000/shop?sslmode=require").Good.Proxy;

        var shop = proxy.FindDatabase("shop")!;
        var other = proxy.FindDatabase("other")!;
        Assert.Equal(
            ("db.example", 6000, "shop", "app", "pw", TlsMode.Require),
            (shop.Host, shop.Port, shop.ServerDatabase, shop.User, shop.Password, shop.Tls.Mode)
        );
        Assert.Equal(
            ("*", "db.example", null, "app", "pw", TlsMode.Require),
            (other.Name, other.Host, other.ServerDatabase, other.User, other.Password, other.Tls.Mode)
        );
        Assert.Equal(new UserSnapshot("app", "pw"), Assert.Single(proxy.Users).Value);
        Assert.Equal(AuthMethod.Scram, proxy.Auth);
        Assert.Equal("127.0.0.1:6432", Assert.Single(proxy.Listen).ToString());
    }

    [Fact]
    public void What_the_url_leaves_out_comes_from_the_environment_and_the_user_name()
    {
        var proxy = LoadedText
            .From(
                commandLine: [("URL argument", "url", "postgres://h")],
                environment: new() { ["PGUSER"] = "me", ["PGPASSWORD"] = "pw" }
            )
            .Good.Proxy;

        var database = proxy.Databases["me"];
        Assert.Equal(("me", "pw", 5432), (database.User, proxy.Users["me"].Secret, database.Port));
    }

    [Fact]
    public void A_url_without_a_password_says_what_to_do()
    {
        var loaded = LoadedText.WithUrl("postgres://app@h/d");
        const string Expected = "url: holds no password for user \"app\", and auth is scram (the default)";
        Assert.Contains(Expected, loaded.ErrorText, StringComparison.Ordinal);
        var trusting = LoadedText.WithUrl("postgres://app@h/d", ("--auth", "auth", "trust")).Good.Proxy;
        Assert.Null(trusting.Users["app"].Secret);
    }

    [Fact]
    public void A_listed_star_and_a_listed_user_go_before_the_url()
    {
        var proxy = LoadedText
            .From(
                """
                { "url": "postgres://app:server@h/d", "databases": { "*": { "host": "elsewhere" } },
                  "users": { "app": { "password": "client" } } }
                """
            )
            .Good.Proxy;

        Assert.Equal(("h", "elsewhere"), (proxy.FindDatabase("d")!.Host, proxy.FindDatabase("x")!.Host));
        Assert.Equal(("client", "server"), (proxy.Users["app"].Secret, proxy.Databases["d"].Password));
    }

    [Fact]
    public void Two_servers_for_one_name_are_refused()
    {
        var loaded = LoadedText.From("""{ "url": "postgres://a:b@h/d", "databases": { "d": { "host": "x" } } }""");
        Assert.Contains("databases.d: is also the database of url", loaded.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_to_connect_to_says_what_to_do() =>
        Assert.Contains("give a URL (freshet up postgres://", LoadedText.From().ErrorText, StringComparison.Ordinal);

    [Theory]
    [InlineData("0.0.0.0:6432", "trust", "auth is trust")]
    [InlineData("[::]:6432", "scram", "tls.mode is disable")]
    [InlineData("192.0.2.1:6432", "password", "tls.mode is disable")]
    [InlineData("127.0.0.1:1,0.0.0.0:2", "scram", "listen: is 0.0.0.0:2, which other machines can reach")]
    public void A_public_address_without_protection_is_refused_unless_insecure(
        string listen,
        string auth,
        string expected
    )
    {
        (string, string, string)[] options = [("--listen", "listen", listen), ("--auth", "auth", auth)];

        var refused = LoadedText.WithUrl("postgres://a:b@h/d", options);
        var allowed = LoadedText.WithUrl("postgres://a:b@h/d", [.. options, ("--insecure", "insecure", "true")]);

        var error = Assert.Single(refused.Errors).ToString();
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Contains("--insecure", error, StringComparison.Ordinal);
        Assert.StartsWith("insecure is set", Assert.Single(allowed.Good.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("scram", "prefer", true)]
    [InlineData("scram", "disable", false)]
    [InlineData("password", "prefer", false)]
    [InlineData("password", "require", true)]
    [InlineData("trust", "require", false)]
    [InlineData("cert", "require", false)]
    public void A_public_address_is_allowed_where_tls_protects_it(string auth, string mode, bool allowed)
    {
        var folder = Directory.CreateTempSubdirectory("freshet-test-");
        try
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
            var now = TimeProvider.System.GetUtcNow();
            using var certificate = request.CreateSelfSigned(now, now.AddDays(1));
            var certificateFile = Path.Combine(folder.FullName, "cert.pem");
            var keyFile = Path.Combine(folder.FullName, "key.pem");
            File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
            File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());

            var loaded = LoadedText.WithUrl(
                "postgres://a:b@h/d",
                ("--listen", "listen", "0.0.0.0:1"),
                ("--auth", "auth", auth),
                ("--tls-mode", "tls.mode", mode),
                ("--tls-cert", "tls.certificateFile", certificateFile),
                ("--tls-key", "tls.keyFile", keyFile)
            );

            Assert.Equal(allowed, loaded.Configuration is not null);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("tls.mode", "require", "needs tls.certificateFile and tls.keyFile")]
    [InlineData("tls.certificateFile", "/no/cert", "needs tls.keyFile beside it")]
    [InlineData("tls.authorityFile", "/no/ca", "\"/no/ca\", which cannot be read")]
    [InlineData("passwordFile", "/no/secret", "url holds a password too")]
    [InlineData("usersFile", "/no/users", "\"/no/users\", which cannot be read")]
    public void Files_are_checked_before_the_start(string path, string value, string expected)
    {
        var loaded = LoadedText.WithUrl("postgres://a:b@h/d", ("--option", path, value));
        Assert.Contains(expected, loaded.ErrorText, StringComparison.Ordinal);
    }
}
