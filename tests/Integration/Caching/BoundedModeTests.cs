using System.Diagnostics;
using Freshet.Server.Demo;
using Freshet.Tests.Integration.Servers;
using Xunit;

namespace Freshet.Tests.Integration.Caching;

/// <summary>Bounded mode: by age alone, renewed behind the client's back, bridged while the server is away.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class BoundedModeTests(TestServers servers)
{
    private const string Setup = "create table item(id int primary key, n int); insert into item values (1, 0)";
    private const string Read = "select n from item where id = 1";

    [Fact]
    public async Task A_result_is_served_until_its_age_is_reached_and_not_after_it()
    {
        await using var scene = await CachedScene.StartAsync(
            servers.Postgres, Setup, Bounded("2s", "0s", "0s"), live: false);
        var (client, writer) = (scene.Client(), scene.Direct());
        await scene.UntilHitAsync(() => client.Query(Read));
        writer.Query("update item set n = 1 where id = 1");
        var written = Stopwatch.GetTimestamp();
        await CachedScene.UntilAsync(() => Task.FromResult(client.Query(Read) is "1"));
        Assert.True(Stopwatch.GetElapsedTime(written) < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_stale_result_is_served_while_it_is_renewed()
    {
        await using var scene = await CachedScene.StartAsync(
            servers.Postgres, Setup, Bounded("1s", "1h", "0s"), live: false);
        var (client, writer) = (scene.Client(), scene.Direct());
        await scene.UntilHitAsync(() => client.Query(Read));
        writer.Query("update item set n = 5 where id = 1");
        await CachedScene.UntilAsync(() => Task.FromResult(client.Query(Read) is "5"));
        var metrics = await scene.MetricsAsync();
        Assert.True(metrics[scene.Series("freshet_cache_stale_total")] >= 1);
        // Nobody had to wait for the server but the first.
        Assert.Equal(1, scene.Count("miss") - Renewals(scene));
    }

    [Fact]
    public async Task A_hint_in_the_statement_sets_its_age_and_switches_it_off()
    {
        await using var scene = await CachedScene.StartAsync(servers.Postgres, Setup);
        var client = scene.Client();
        var hits = scene.Hits();
        for (var i = 0; i < 20; i++)
        {
            client.Query("/* freshet: mode=off */ " + Read);
        }

        Assert.Equal(hits, scene.Hits());
        const string Hinted = "/* freshet: mode=bounded max_age=3600 tags=scores */ " + Read;
        var written = 0;
        await scene.UntilServedByAgeAsync(
            client, Hinted, () => client.Query($"update item set n = {++written} where id = 1"));
        Assert.Equal($"{written}", client.Query(Read));
    }

    [Fact]
    public async Task While_the_server_is_away_results_are_served_as_long_as_the_configuration_allows()
    {
        var options = new PrivatePostgresOptions
        {
            HostBasedAuthentication = ["host all all 127.0.0.1/32 trust"],
        };
        await using var postgres = await PrivatePostgres.StartAsync(options, TestContext.Current.CancellationToken);
        using (var admin = Wire.WireClient.Connect(postgres.Host, postgres.Port).Login(postgres.User, "postgres"))
        {
            admin.Query("create role wire superuser login");
        }

        await using var scene = await CachedScene.StartAsync(
            postgres, Setup, Bounded("1s", "0s", "1h"), live: false);
        var client = scene.Client();
        await scene.UntilHitAsync(() => client.Query(Read));
        await postgres.StopAsync(PostgresStopMode.Fast, TestContext.Current.CancellationToken);
        var gone = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(gone) < TimeSpan.FromSeconds(3))
        {
            Assert.Equal("0", client.Query(Read));
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private static string Bounded(string maxAge, string whileRenewed, string onError) =>
        $"\"mode\": \"bounded\", \"maxAge\": \"{maxAge}\", \"staleWhileRevalidate\": \"{whileRenewed}\", "
        + $"\"staleIfError\": \"{onError}\"";

    private static long Renewals(CachedScene scene) =>
        (long)scene.MetricsAsync().GetAwaiter().GetResult()[
            scene.Series("freshet_cache_renewals_total")];
}
