using Freshet.Server.Demo;
using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Freshet.Tests.Unit.Proxy.Tls;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>What PostgreSQL 18 brought: protocol 3.2 with long cancel keys, a reported search_path, and a libpq that
/// speaks TLS directly. Server and libpq come from npm.</summary>
/// <param name="servers">Whose psql is used.</param>
public sealed class Postgres18Tests(TestServers servers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Modes => ["session", "transaction"];

    [Theory, MemberData(nameof(Modes))]
    public async Task Parameters_version_and_cancel_are_those_of_the_server(string mode)
    {
        await using var server = await StartServerAsync();
        await using var proxy = await StartProxyAsync(server, mode);
        using var direct = Login(server.Port);
        using var routed = Login(proxy.Port);
        Assert.Equal(Sorted(direct), Sorted(routed));
        Assert.Equal("\"$user\", public", routed.Parameters["search_path"]);
        Assert.DoesNotContain(routed.Received, message => message.Type is 'v');
        Assert.True(direct.SecretKey.Length > 4);
        Assert.True(routed.SecretKey.Length > 4);

        routed.Send(Query("select pg_sleep(28)"));
        while (direct.Query("select count(*) from pg_stat_activity where query = 'select pg_sleep(28)'") is "0")
        {
            await Task.Delay(5, Cancellation);
        }

        using (var canceller = WireClient.Connect("127.0.0.1", proxy.Port))
        {
            canceller.Send(CancelRequest(routed.ProcessId, routed.SecretKey));
            canceller.ReadUntilClosed();
        }

        Assert.Equal("57014", routed.ReadUntil('E').Field('C'));
        routed.ReadUntilReady();
        Assert.Equal("1", routed.Query("select 1"));
    }

    [Fact]
    public async Task Each_client_of_a_shared_connection_is_told_its_own_search_path()
    {
        await using var server = await StartServerAsync();
        await using var proxy = await StartProxyAsync(server, "transaction");
        using var one = Login(proxy.Port);
        using var two = Login(proxy.Port);
        one.Query("set search_path = pg_catalog");
        Assert.Equal("pg_catalog", one.Parameters["search_path"]);
        Assert.Equal("\"$user\", public", two.Query("show search_path"));
        Assert.Equal("\"$user\", public", two.Parameters["search_path"]);
        Assert.Equal("pg_catalog", one.Query("show search_path"));
        Assert.Equal("pg_catalog", one.Parameters["search_path"]);
    }

    [Fact]
    public async Task Its_libpq_speaks_3_2_and_direct_TLS()
    {
        using var files = new TlsTestCertificates();
        await using var server = await StartServerAsync();
        await using var proxy = await StartProxyAsync(
            server,
            "transaction",
            "--tls-cert", files.PathOf("server.crt"), "--tls-key", files.PathOf("server.key"));
        var connection = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = "127.0.0.1",
            ["port"] = $"{proxy.Port}",
            ["user"] = server.User,
            ["dbname"] = "postgres",
            ["min_protocol_version"] = "3.2",
        };
        var libraries = Path.GetFullPath(Path.Combine(server.BinDirectory, "..", "lib"));
        (await Psql.RunAsync(servers.Postgres, connection, "select 'plain'", libraries)).AssertSays("plain");
        connection["sslmode"] = "verify-full";
        connection["sslrootcert"] = files.AuthorityFile;
        (await Psql.RunAsync(servers.Postgres, connection, "select 'asked'", libraries)).AssertSays("asked");
        connection["sslnegotiation"] = "direct";
        (await Psql.RunAsync(servers.Postgres, connection, "select 'direct'", libraries)).AssertSays("direct");
    }

    private static WireClient Login(int port)
    {
        var client = WireClient.Connect("127.0.0.1", port);
        client.Send(StartupMessage(Version32, ("user", "freshet"), ("database", "postgres")));
        client.ReadUntilReady();
        return client;
    }

    private static IEnumerable<string> Sorted(WireClient client) =>
        client.Parameters.Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal);

    private static async Task<PrivatePostgres> StartServerAsync()
    {
        Assert.SkipWhen(ChildCommand.Locate("npm") is null, "npm is not installed");
        var binaries = await PostgresPackage.Postgres18.FetchAsync(progress: null, Cancellation);
        var options = new PrivatePostgresOptions
        {
            BinDirectory = binaries.Directory,
            HostBasedAuthentication = ["host all freshet 127.0.0.1/32 trust"],
        };
        return await PrivatePostgres.StartAsync(options, Cancellation);
    }

    private static Task<FreshetProcess> StartProxyAsync(
        PrivatePostgres server, string mode, params string[] arguments) =>
        FreshetProcess.StartAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", server.Port, "postgres", server.User, ""))
            {
                Mode = mode is "session" ? PoolMode.Session : PoolMode.Transaction,
                PoolSize = 1,
                Arguments = arguments,
            },
            Cancellation);
}
