using System.Diagnostics;
using Freshet.Server.Demo;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Caching;

/// <summary>Profiles on a real server, asked for by hints and rules.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class ProfileTests(TestServers servers)
{
    private const string Setup = "create table item(id int primary key, n int); insert into item values (1, 0)";
    private const string Read = "select n from item where id = 1";

    [Fact]
    public async Task A_hint_asks_for_a_shipped_profile()
    {
        await using var scene = await CachedScene.StartAsync(servers.Postgres, Setup);
        var client = scene.Client();
        const string ByAge = "/* freshet: profile=players mode=bounded */ " + Read;
        const string ByVersion = "/* freshet: profile=players */ " + Read;
        var written = 0;
        await scene.UntilHitAsync(() => client.Query(ByVersion));
        await scene.UntilServedByAgeAsync(
            client, ByAge, () => client.Query($"update item set n = {++written} where id = 1"));
        Assert.Equal($"{written}", client.Query(ByVersion)); // a profile without a mode keeps that of the database
    }

    [Fact]
    public async Task A_profile_with_a_mode_brings_it_along()
    {
        await using var scene = await CachedScene.StartAsync(
            servers.Postgres, Setup,
            """ "verify": 0, "profiles": { "my": { "mode": "bounded", "maxAge": "1h" }, "no": { "mode": "off" } } """);
        var client = scene.Client();
        const string Hinted = Read + " /* freshet: profile=my */";
        var written = 0;
        await scene.UntilServedByAgeAsync(
            client, Hinted, () => client.Query($"update item set n = {++written} where id = 1"));
        Assert.Equal($"{written}", client.Query(Read + " /* freshet: profile=my mode=session */"));

        await scene.UntilHitAsync(() => client.Query(Read + " /* freshet: profile=unknown */"));
        var hits = scene.Hits();
        for (var i = 0; i < 30; i++)
        {
            client.Query(Read + " /* freshet: profile=no */");
        }

        Assert.Equal(hits, scene.Hits());
    }

    /// <summary>A result that is asked for all the time never runs out: of all requests only the first waits.</summary>
    /// <param name="cache">Where it is asked for.</param>
    /// <param name="sql">What is asked.</param>
    [Theory]
    [InlineData(
        """
        { "p": { "maxAge": "6s", "refreshAhead": "5s", "staleWhileRevalidate": 0 } }, "rules": [{ "profile": "p" }]
        """,
        Read)]
    [InlineData("""{ }, "rules": [{ "maxAge": "6s", "refreshAhead": "5s", "staleWhileRevalidate": 0 }]""", Read)]
    [InlineData("{ }", "/* freshet: max_age=6 refresh_ahead=5 stale_while_revalidate=0 */ " + Read)]
    public async Task A_hot_result_is_renewed_before_it_runs_out(string cache, string sql)
    {
        await using var scene = await CachedScene.StartAsync(
            servers.Postgres, Setup, "\"mode\": \"bounded\", \"profiles\": " + cache, live: false);
        var (client, writer) = (scene.Client(), scene.Direct());
        await scene.UntilHitAsync(() => client.Query(sql));
        for (var i = 1; i <= 3; i++)
        {
            writer.Query($"update item set n = {i} where id = 1");
            await CachedScene.UntilAsync(
                () => Task.FromResult(string.Equals(client.Query(sql), $"{i}", StringComparison.Ordinal)));
        }

        var metrics = await scene.MetricsAsync();
        Assert.Equal(0, metrics[scene.Series("freshet_cache_stale_total")]);
        var renewals = (long)metrics[scene.Series("freshet_cache_renewals_total")];
        Assert.True(renewals >= 3, $"{renewals} renewals");
        Assert.Equal(1, scene.Count("miss") - renewals);
    }

    /// <param name="mode">Of the database.</param>
    /// <param name="cache">The rest of its settings.</param>
    /// <param name="sql">What is asked.</param>
    [Theory]
    [InlineData(
        "bounded",
        """ "profiles": { "p": { "staleIfError": "1h" } }, "rules": [{ "table": "item", "profile": "p" }] """,
        Read)]
    [InlineData(
        "session",
        """ "profiles": { "p": { "staleIfError": "1h", "mode": "bounded" } } """,
        "/* freshet: profile=p */ " + Read)]
    public async Task A_profile_lets_old_results_stand_in_while_the_server_is_away(
        string mode, string cache, string sql)
    {
        var options = new PrivatePostgresOptions
        {
            HostBasedAuthentication = ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["wal_level"] = "logical" },
        };
        await using var postgres = await PrivatePostgres.StartAsync(options, TestContext.Current.CancellationToken);
        using (var admin = WireClient.Connect(postgres.Host, postgres.Port).Login(postgres.User, "postgres"))
        {
            admin.Query("create role wire superuser login");
        }

        await using var scene = await CachedScene.StartAsync(
            postgres, Setup,
            $"\"mode\": \"{mode}\", \"maxAge\": \"1s\", \"staleWhileRevalidate\": 0, \"verify\": 0, {cache}",
            live: mode is "session");
        var client = scene.Client();
        await scene.UntilHitAsync(() => client.Query(sql));
        await postgres.StopAsync(PostgresStopMode.Fast, TestContext.Current.CancellationToken);
        var gone = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(gone) < TimeSpan.FromSeconds(4))
        {
            Assert.Equal("0", client.Query(sql));
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
