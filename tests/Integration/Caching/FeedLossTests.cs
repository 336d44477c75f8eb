using Freshet.Server.Demo;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Caching;

/// <summary>The stream is cut, the server restarts, the proxy is killed, the server does not allow to follow
/// it.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class FeedLossTests(TestServers servers)
{
    private const string Setup = "create table item(id int primary key, n int); insert into item values (1, 0)";
    private const string Read = "select n from item where id = 1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cut_stream_serves_nothing_old_and_is_taken_up_again()
    {
        await using var scene = await CachedScene.StartAsync(servers.Postgres, Setup);
        var (client, admin) = (scene.Client(), scene.Direct());
        for (var round = 1; round <= 5; round++)
        {
            await scene.UntilHitAsync(() => client.Query(Read));
            admin.Query(
                "select pg_terminate_backend(active_pid) from pg_replication_slots "
                + "where database = current_database()");
            admin.Query($"update item set n = {round} where id = 1");
            await CachedScene.UntilAsync(() => Task.FromResult(
                string.Equals(client.Query(Read), $"{round}", StringComparison.Ordinal)));
            for (var i = 0; i < 50; i++)
            {
                Assert.Equal($"{round}", client.Query(Read));
            }
        }

        await scene.UntilHitAsync(() => Assert.Equal("5", client.Query(Read)));
        var metrics = await scene.MetricsAsync();
        Assert.True(metrics[scene.Series("freshet_feed_reconnects_total")] >= 5);
    }

    [Fact]
    public async Task When_the_proxy_is_killed_no_slot_and_no_log_is_kept()
    {
        await using var scene = await CachedScene.StartAsync(servers.Postgres, Setup);
        var admin = scene.Direct();
        const string Slots = "select count(*) from pg_replication_slots where database = current_database()";
        Assert.Equal("1", admin.Query(Slots));
        scene.Proxy.Kill();
        await CachedScene.UntilAsync(() => Task.FromResult(admin.Query(Slots) is "0"));
    }

    [Fact]
    public async Task A_restart_of_the_server_begins_a_new_epoch()
    {
        await using var postgres = await StartAsync("logical");
        await using var scene = await CachedScene.StartAsync(postgres, Setup);
        await scene.UntilHitAsync(() => scene.Client().Query(Read));
        await postgres.RestartAsync(PostgresStopMode.Fast, Cancellation);
        using (var admin = WireClient.Connect(postgres.Host, postgres.Port).Login("wire", scene.Database))
        {
            admin.Query("update item set n = 9 where id = 1");
        }

        await CachedScene.UntilAsync(() => Task.FromResult(TryRead(scene) is "9"));
        await scene.UntilHitAsync(() => Assert.Equal("9", scene.Client().Query(Read)));
    }

    [Fact]
    public async Task Where_changes_cannot_be_followed_the_mode_is_bounded_and_that_is_said()
    {
        await using var postgres = await StartAsync("replica");
        await using var scene = await CachedScene.StartAsync(postgres, Setup, live: false);
        var client = scene.Client();
        await scene.UntilHitAsync(() => client.Query(Read));
        var metrics = await scene.MetricsAsync();
        Assert.Equal(1, metrics[scene.Series("freshet_cache_mode", "mode", "bounded")]);
        using var http = new HttpClient();
        var ready = await http.GetStringAsync(
            new Uri($"http://127.0.0.1:{scene.Proxy.HttpPort}/readyz?verbose"), Cancellation);
        Assert.Contains("wal_level is replica", ready, StringComparison.Ordinal);
        Assert.Contains("bounded", ready, StringComparison.Ordinal);
        await CachedScene.UntilAsync(() => Task.FromResult(
            scene.Proxy.StandardError.Contains("ALTER SYSTEM SET wal_level = 'logical'", StringComparison.Ordinal)));
    }

    private static string? TryRead(CachedScene scene)
    {
        try
        {
            return scene.Client().Query(Read);
        }
        catch (IOException)
        {
            return null; // the restart has cut it off
        }
    }

    private static async Task<PrivatePostgres> StartAsync(string walLevel)
    {
        var options = new PrivatePostgresOptions
        {
            HostBasedAuthentication = ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["wal_level"] = walLevel },
        };
        var postgres = await PrivatePostgres.StartAsync(options, Cancellation);
        using var admin = WireClient.Connect(postgres.Host, postgres.Port).Login(postgres.User, "postgres");
        admin.Query("create role wire superuser login replication");
        return postgres;
    }
}
