using System.Text;
using Freshet.Core.Sql.Analysis;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Caching;

/// <summary>Rules on a real server. What is cached by age shows its old value after a write of its own session; what
/// is cached by version shows the new one.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class PolicyRuleTests(TestServers servers)
{
    private const string Setup =
        """
        create table item(id int primary key, n int not null); insert into item values (1, 0), (2, 0);
        create table note(id int primary key, n int not null); insert into note values (1, 0);
        create table part(id int primary key, n int not null) partition by range (id);
        create table part_one partition of part for values from (0) to (10); insert into part values (1, 0);
        create view items as select id, n from part_one;
        """;

    private const string Read = "select n from item where id = 1";
    private const string ByAge = "\"mode\": \"bounded\", \"maxAge\": \"1h\"";

    private int _written;

    [Fact]
    public async Task A_rule_by_user_is_for_that_user_only()
    {
        await using var scene = await StartAsync($$"""{ "user": "reports", {{ByAge}} }""", "\"reports\": {}");
        await AssertByAgeAsync(scene, scene.Client("reports"), Read);
        await AssertByVersionAsync(scene, scene.Client(), Read);
    }

    [Fact]
    public async Task A_rule_by_application_name_follows_the_name_that_the_session_has_now()
    {
        await using var scene = await StartAsync($$"""{ "application": "board", {{ByAge}} }""");
        var atLogin = scene.Client(parameters: ("application_name", "board"));
        await AssertByAgeAsync(scene, atLogin, Read);
        atLogin.Query("set application_name = 'shell'");
        await AssertByVersionAsync(scene, atLogin, Read);
        atLogin.Query("reset application_name");
        await AssertByAgeAsync(scene, atLogin, Read);

        var bySet = scene.Client();
        await AssertByVersionAsync(scene, bySet, Read);
        bySet.Query("set application_name to board");
        await AssertByAgeAsync(scene, bySet, Read);
        bySet.Query("select set_config('application_name', 'x', false)");
        await AssertByVersionAsync(scene, bySet, Read);
    }

    [Fact]
    public async Task A_rule_by_table_is_for_its_parts_and_for_views_of_it()
    {
        await using var scene = await StartAsync(
            $$"""{ "table": "public.part", "mode": "off" }, { "table": "item", {{ByAge}} }""");
        var client = scene.Client();
        AssertNever(scene, client, "select n from part where id = 1");
        AssertNever(scene, client, "select n from part_one where id = 1");
        AssertNever(scene, client, "select n from items where id = 1");
        AssertNever(scene, client, "select i.n from item i join part p using (id) where p.id = 1");
        await AssertByAgeAsync(scene, client, Read);
        await AssertByVersionAsync(scene, client, "select n from note where id = 1", "note");
    }

    [Fact]
    public async Task A_rule_by_fingerprint_is_for_one_statement_whatever_its_constants()
    {
        var fingerprint = StatementFacts.Read(Encoding.ASCII.GetBytes(Read), true).FingerprintText;
        await using var scene = await StartAsync($$"""{ "fingerprint": "{{fingerprint}}", "mode": "off" }""");
        AssertNever(scene, scene.Client(), Read);
        AssertNever(scene, scene.Client(), "SELECT n FROM item WHERE id = 2");
        await AssertByVersionAsync(scene, scene.Client(), "select n + 0 from item where id = 1");
    }

    [Fact]
    public async Task A_rule_makes_one_table_strict_in_a_database_that_caches_by_age()
    {
        await using var scene = await StartAsync(
            """{ "table": "item", "mode": "strict" }""", cache: ByAge);
        var (client, writer) = (scene.Client(), scene.Direct());
        await scene.UntilHitAsync(() => client.Query(Read));
        for (var i = 1; i <= 100; i++)
        {
            writer.Query($"update item set n = {i} where id = 1");
            Assert.Equal($"{i}", client.Query(Read));
            Assert.Equal($"{i}", client.Query(Read));
        }

        await scene.UntilHitAsync(() => Assert.Equal("100", client.Query(Read)));
        await AssertByAgeAsync(scene, client, "select n from note where id = 1", "note");
    }

    [Fact]
    public async Task A_rule_switches_one_table_on_in_a_database_that_is_off()
    {
        await using var scene = await StartAsync(
            """{ "table": "item", "mode": "session" }""", cache: "\"mode\": \"off\"", live: false);
        var client = scene.Client();
        await AssertByVersionAsync(scene, client, Read);
        AssertNever(scene, client, "select n from note where id = 1");
    }

    [Fact]
    public async Task A_reload_puts_other_rules_in_force_for_clients_that_are_connected()
    {
        await using var scene = await StartAsync("""{ "table": "item", "mode": "off" }""");
        var client = scene.Client();
        AssertNever(scene, client, Read);

        var file = await File.ReadAllTextAsync(scene.Proxy.ConfigurationFile, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            scene.Proxy.ConfigurationFile,
            file.Replace("\"mode\": \"off\"", ByAge, StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        scene.Proxy.Reload();

        await AssertByAgeAsync(scene, client, Read);
    }

    [Fact]
    public async Task A_rule_for_a_table_that_is_not_there_is_logged()
    {
        await using var scene = await StartAsync("""{ "table": "itme", "mode": "off" }""");
        await CachedScene.UntilAsync(() => Task.FromResult(scene.Proxy.Output.Contains(
            "rule 1 matches no statement: there is no table \"itme\"", StringComparison.Ordinal)));
    }

    private Task<CachedScene> StartAsync(
        string rules, string users = "", string cache = "\"mode\": \"session\"", bool live = true) =>
        CachedScene.StartAsync(
            servers.Postgres, Setup, $"{cache}, \"verify\": 0, \"rules\": [ {rules} ]", live, users);

    private Task AssertByAgeAsync(CachedScene scene, WireClient client, string sql, string table = "item") =>
        scene.UntilServedByAgeAsync(client, sql, () => Write(client, table));

    private async Task AssertByVersionAsync(CachedScene scene, WireClient client, string sql, string table = "item")
    {
        await scene.UntilHitAsync(() => client.Query(sql));
        var written = Write(client, table);
        Assert.Equal(written, client.Query(sql));
        await scene.UntilHitAsync(() => Assert.Equal(written, client.Query(sql)));
    }

    private static void AssertNever(CachedScene scene, WireClient client, string sql)
    {
        var hits = scene.Hits();
        for (var i = 0; i < 30; i++)
        {
            Assert.Equal("0", client.Query(sql));
        }

        Assert.Equal(hits, scene.Hits());
    }

    private string Write(WireClient client, string table)
    {
        client.Query($"update {table} set n = {++_written} where id = 1");
        return $"{_written}";
    }
}
