using Freshet.Core.Policy;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Npgsql;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Caching;

/// <summary>What a session asks the proxy itself: to invalidate, and to explain.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class AdminCallTests(TestServers servers)
{
    private const string Setup =
        """
        create table item(id int primary key, n int); insert into item values (1, 10), (2, 20);
        create table other(id int primary key); insert into other values (7);
        """;

    private const string Labelled =
        "/* freshet: tags=games,live profile=players key=players:4 */ select n from item where id = 1";

    private const string Plain = "select count(*) from item", Elsewhere = "select max(id) from other";

    private static readonly string[] All = [Labelled, Plain, Elsewhere];

    public static TheoryData<string, string, int> Invalidations { get; } = new()
    {
        { "Session", "select freshet.invalidate_tag('live')", 0b001 },
        { "Session", "select freshet.invalidate_table('item')", 0b011 },
        { "Bounded", "select freshet.invalidate_tag('games')", 0b001 },
        { "Bounded", "select freshet.invalidate_table('public.other')", 0b100 },
        { "Bounded", "select freshet.invalidate_profile('players')", 0b001 },
        { "Bounded", "select freshet.invalidate_key('players:')", 0b001 },
        { "Bounded", "select freshet.invalidate_key('layers:')", 0b000 },
        { "Bounded", "select freshet.invalidate_fingerprint('{0}')", 0b010 },
        { "Bounded", "select freshet.invalidate_all()", 0b111 },
    };

    [Theory, MemberData(nameof(Invalidations))]
    public async Task What_it_names_misses_once_and_nothing_else_does(string mode, string sql, int concerned)
    {
        await using var scene = await StartAsync();
        await using var host = new CachingHost(servers.Postgres, scene.Database, Enum.Parse<CacheMode>(mode));
        await (mode is "Session" ? host.UntilLiveAsync() : UntilHitAsync(host, "select 1"));
        foreach (var query in All)
        {
            await UntilHitAsync(host, query);
        }

        var admin = host.Client();
        sql = string.Format(sql, Explain(admin, Plain)["fingerprint"][0]);
        // The query of the host's start is a statement, too.
        var start = sql.Contains("_all", StringComparison.Ordinal) ? 1 : 0;
        Assert.Equal($"{int.PopCount(concerned) + start}", admin.Query(sql));
        for (var i = 0; i < All.Length; i++)
        {
            var missed = (concerned >> i & 1) == 1;
            Assert.Equal(!missed, Hits(host, All[i]));
            await UntilHitAsync(host, All[i]);
        }
    }

    [Theory]
    [InlineData("Session")]
    [InlineData("Bounded")]
    public async Task A_result_whose_query_was_under_way_is_not_served_afterwards(string mode)
    {
        await using var scene = await StartAsync();
        await using var host = new CachingHost(servers.Postgres, scene.Database, Enum.Parse<CacheMode>(mode));
        await (mode is "Session" ? host.UntilLiveAsync() : UntilHitAsync(host, "select 1"));
        const string ByKey = "/* freshet: tags=games */ select n from item where id = $1";
        byte[][] Ask(string id) => [Parse("", ByKey), Bind("", "", id), DescribePortal(""), Execute()];
        bool AskHits(string id) => Hits(host, client => client.Batch(Ask(id)));
        await CachedScene.UntilAsync(() => Task.FromResult(AskHits("1")));
        var (reader, admin, locker) = (host.Client(), host.Client(), scene.Direct());
        // Nothing is written, so by versions the result stays current.
        locker.Query("begin; lock table item in access exclusive mode");
        var stored = host.Stored;
        reader.Send([.. Ask("2"), Sync()]);
        await CachedScene.UntilAsync(() => Task.FromResult(
            scene.Direct().Query("select count(*) from pg_locks where not granted") is not "0"));
        Assert.Equal("1", admin.Query("select freshet.invalidate_tag('games')"));
        locker.Query("rollback");
        reader.ReadUntilReady();
        await CachedScene.UntilAsync(() => Task.FromResult(host.Stored > stored));
        Assert.False(AskHits("2"));
        await CachedScene.UntilAsync(() => Task.FromResult(AskHits("2")));
    }

    [Fact]
    public async Task Every_form_of_the_protocol_is_answered_and_no_server_is_asked()
    {
        await using var scene = await StartAsync();
        var client = scene.Client();
        Assert.Equal("TDCZ", Types(client, () => client.Query("select freshet.invalidate_tag('none')")));
        foreach (var packet in (int[])[0, 1])
        {
            client.PacketBytes = packet;
            var call = Parse("", "select freshet.invalidate_tag($1)");
            Assert.Equal("12TDCZ", Types(
                client, () => client.Batch(call, Bind("", "", "none"), DescribePortal(""), Execute())));
            Assert.Equal("12DCZ", Types(client, () => client.Batch(call, Bind("", "", "none"), Execute())));
            Assert.Equal("1tTZ", Types(client, () => client.Batch(call, DescribeStatement(""))));
            Assert.Equal("2DCZ", Types(client, () => client.Batch(Bind("", "", "none"), Execute())));
            Assert.Equal("1tTZ", Types(client, () => client.Batch(
                Parse($"p{packet}", "select * from freshet.explain($1)", 25), DescribeStatement($"p{packet}"))));
            Assert.Equal("2DDsDDDsZ", Types(client, () => client.Batch(
                Bind("", $"p{packet}", "select 1"), Execute("", 2), Execute("", 3))));
            Assert.Equal("EZ", Types(client, () => client.Batch(call, Bind("", "", "x", "y"), Execute()))[1..]);
            Assert.Equal("3Z", Types(client, () => client.Batch(CloseStatement($"p{packet}"))));
            // Behind a call in the same batch.
            Assert.Equal("12DC12TDCZ", Types(client, () => client.Batch(
                call, Bind("", "", "none"), Execute(), Parse("", Plain), Bind("", ""), DescribePortal(""), Execute())));
        }

        client.PacketBytes = 0;
        Assert.Equal("0", scene.Direct().Query(
            "select count(*) from pg_stat_activity where query ~ '^select.*freshet[.](inv|exp)'"));
    }

    [Fact]
    public async Task Errors_say_what_is_right_and_the_session_goes_on()
    {
        await using var scene = await StartAsync();
        var client = scene.Client();
        foreach (var (sql, state, part) in ((string, string, string)[])
            [
                ("select freshet.nothing('x')", "42883", "freshet.invalidate_tag"),
                ("select freshet.explain('select 1')", "42601", "SELECT * FROM freshet.explain"),
                ("select freshet.invalidate_tag('x'); drop table item", "42601", "SELECT freshet.invalidate_tag"),
                ("select freshet.invalidate_tag('')", "22023", "needs a name"),
                ("select freshet.invalidate_table('no_table')", "22023", "no table \"no_table\""),
                ("select freshet.invalidate_fingerprint('xyz')", "22023", "no fingerprint"),
                ("select freshet.invalidate_tag($1)", "42P02", "$1"),
                ($"select freshet.invalidate_tag('{new string('x', 2000)}')", "22023", "longer"),
            ])
        {
            Assert.Equal("EZ", Types(client, () => client.Query(sql)));
            var error = client.Received[^2];
            Assert.Equal(state, error.Field('C'));
            Assert.Contains(part, error.Field('M') + error.Field('H'), StringComparison.Ordinal);
            Assert.Contains("EZ", Types(client, () => client.Batch(
                Parse("", sql), Bind("", ""), DescribePortal(""), Execute(), Parse("", "select 1"))),
                StringComparison.Ordinal);
            Assert.Equal("2", client.Query(Plain));
        }

        foreach (var value in (string?[])[null, "a\0b", ""])
        {
            Assert.Equal("12EZ", Types(client, () => client.Batch(
                Parse("", "select freshet.invalidate_table($1)"), Bind("", "", value), Execute())));
            Assert.Equal("22023", client.Received[^2].Field('C'));
            Assert.Equal("2", client.Query(Plain));
        }
    }

    [Fact]
    public async Task In_a_transaction_and_in_a_pinned_session_it_is_answered_too()
    {
        await using var scene = await StartAsync();
        var client = scene.Client();
        client.Query("begin");
        client.Query("update item set n = 11 where id = 1");
        Assert.Equal("0", client.Query("select freshet.invalidate_tag('none')"));
        Assert.Equal((byte)'T', client.Received[^1].Body[0]);
        client.Batch(Parse("p", "select freshet.invalidate_tag($1)"), DescribeStatement("p"));
        Assert.Equal('T', client.Batch(Bind("", "p", "none"), DescribePortal(""), Execute()));
        // An error of a call does not end the transaction; one of the server's does.
        client.Query("select freshet.nothing()");
        Assert.Equal('T', client.Batch(Parse("", "select freshet.nothing()"), Bind("", ""), Execute()));
        Assert.Equal("11", client.Query("select n from item where id = 1"));
        client.Send(Query(Plain), Query("select freshet.invalidate_tag('none')"), Query(Plain));
        client.ReadUntilReady(3);
        Assert.Equal(["2", "0", "2"], client.Received.Where(message => message.Type is 'D').TakeLast(3)
            .Select(message => message.Row()[0]));
        client.Query("select 1/0");
        client.Query("select freshet.invalidate_tag('none')");
        Assert.Equal("25P02", client.Received[^2].Field('C'));
        client.Query("rollback");
        client.Query("listen news");
        Assert.Equal("0", client.Query("select freshet.invalidate_tag('none')"));
        Assert.Equal('I', client.Batch(Bind("", "p", "none"), Execute()));
        Assert.Equal("10", client.Query("select n from item where id = 1"));
    }

    [Fact]
    public async Task Explain_tells_how_the_session_s_statement_is_cached()
    {
        await using var scene = await StartAsync();
        var client = scene.Client();
        await scene.UntilHitAsync(() => client.Query(Labelled));
        client.Query("select freshet.invalidate_tag('games')");
        await CachedScene.UntilAsync(() => Task.FromResult(Explain(client, Labelled)["cacheable"][0] is "yes"));
        var told = Explain(client, Labelled);
        Assert.Equal(["session"], told["mode"]);
        Assert.StartsWith("public.item, rows by id, version ", told["depends on"][0], StringComparison.Ordinal);
        Assert.Equal(["wire"], told["key: user"]);
        Assert.Equal(["players, games, live"], told["tags"]); // the first is the profile's
        Assert.NotEqual("0", told["hits"][0]);
        Assert.StartsWith("none; the last one came", told["results stored"][0], StringComparison.Ordinal);
        Assert.StartsWith("tag games, ", told["last invalidation"][0], StringComparison.Ordinal);
        scene.Direct().Query("update item set n = n + 1");
        await CachedScene.UntilAsync(() => Task.FromResult(
            Explain(client, Labelled)["last change"][0].StartsWith("public.item at ", StringComparison.Ordinal)));
        Assert.Equal(["now() is not IMMUTABLE"], Explain(client, "select now()")["reason"]);
        Assert.Equal(1, (await scene.MetricsAsync())[
            scene.Series("freshet_cache_invalidations_total", "by", "tag")]);
    }

    [Fact]
    public async Task Npgsql_and_psql_can_ask()
    {
        await using var scene = await StartAsync();
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = scene.Proxy.Port,
            Username = "wire",
            Database = scene.Database,
        };
        await using var source = NpgsqlDataSource.Create(settings.ConnectionString);
        await using var connection = await source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        foreach (var prepare in (bool[])[false, true])
        {
            await using var command = new NpgsqlCommand("select freshet.invalidate_tag($1)", connection);
            command.Parameters.Add(new() { Value = "none" });
            await using var explain = new NpgsqlCommand("select * from freshet.explain($1)", connection);
            explain.Parameters.Add(new() { Value = Plain });
            if (prepare)
            {
                await command.PrepareAsync(TestContext.Current.CancellationToken);
                await explain.PrepareAsync(TestContext.Current.CancellationToken);
            }

            Assert.Equal(0L, await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
            await using var reader = await explain.ExecuteReaderAsync(TestContext.Current.CancellationToken);
            Assert.True(await reader.ReadAsync(TestContext.Current.CancellationToken));
            Assert.Equal("cacheable", reader.GetString(0));
        }

        await using var wrong = new NpgsqlCommand("select freshet.nothing()", connection);
        var error = await Assert.ThrowsAsync<PostgresException>(
            () => wrong.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        Assert.Equal("42883", error.SqlState);
        var psql = await Psql.RunAsync(
            servers.Postgres,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["host"] = "127.0.0.1",
                ["port"] = $"{scene.Proxy.Port}",
                ["user"] = "wire",
                ["dbname"] = scene.Database,
            },
            "select freshet.invalidate_table('item')");
        Assert.Equal((0, "0", ""), (psql.ExitCode, psql.Output, psql.Error));
    }

    [Fact]
    public async Task A_database_that_is_not_cached_gets_the_server_s_answer()
    {
        await using var proxy = await FreshetProcess.StartAsync(
            new ProxyOptions(servers.Wire), TestContext.Current.CancellationToken);
        using var client = WireClient.Connect("127.0.0.1", proxy.Port).Login("wire", "wire");
        client.Query("select freshet.invalidate_all()");
        Assert.Equal("3F000", client.Received[^2].Field('C'));
    }

    private Task<CachedScene> StartAsync() => CachedScene.StartAsync(servers.Postgres, Setup);

    /// <summary>The types of the messages that come back.</summary>
    private static string Types(WireClient client, Action act)
    {
        var before = client.Received.Count;
        act();
        return string.Concat(client.Received.Skip(before).Select(message => message.Type));
    }

    private static Dictionary<string, string[]> Explain(WireClient client, string sql)
    {
        var before = client.Received.Count;
        client.Query($"select * from freshet.explain($q${sql}$q$)");
        return client.Received.Skip(before).Where(message => message.Type is 'D').Select(message => message.Row())
            .GroupBy(row => row[0]!, row => row[1]!, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
    }

    /// <summary>Asked by a session that has seen nothing yet, so that it waits for no floor.</summary>
    private static bool Hits(CachingHost host, string sql) => Hits(host, client => client.Query(sql));

    private static bool Hits(CachingHost host, Action<WireClient> ask)
    {
        var before = host.Hits;
        ask(host.Client());
        return host.Hits > before;
    }

    private static Task UntilHitAsync(CachingHost host, string sql) =>
        CachedScene.UntilAsync(() => Task.FromResult(Hits(host, sql)));
}
