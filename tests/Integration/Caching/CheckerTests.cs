using Freshet.Core.Consistency;
using Freshet.Server.Demo;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using Xunit.Sdk;

namespace Freshet.Tests.Integration.Caching;

/// <summary>
/// A random workload of sessions direct and through two proxies, with triggers, cascades, views, partitions, joins,
/// transactions, changing definitions, truncations, cut streams, killed connections and restarts of the server, in
/// which every answer is judged. <c>./test --long</c> runs it for longer.
/// </summary>
/// <param name="servers">The shared servers.</param>
public sealed class CheckerTests(TestServers servers)
{
    private const string Setup =
        """
        create table counter(id int primary key, v bigint not null) partition by range (id);
        create table counter_low partition of counter for values from (1) to (11);
        create table counter_high partition of counter for values from (11) to (21);
        insert into counter select i, 0 from generate_series(1, 20) i;
        create table shadow(id int primary key);
        insert into shadow select id from counter;
        create table total(id int primary key, v bigint not null);
        insert into total values (1, 0);
        create function add_up() returns trigger language plpgsql as $$
          begin update total set v = v + new.v - old.v; return new; end $$;
        create trigger t after update on counter for each row execute function add_up();
        create view total_view as select v as total from total;
        create table joint(id int primary key, v bigint not null);
        insert into joint values (1, 0), (2, 0), (3, 0);
        create table scratch(id int primary key);
        create table owner(id int primary key);
        create table owned(id int primary key references owner on delete cascade);
        insert into owner select i from generate_series(1, 20) i;
        insert into owned select id from owner;
        """;

    private static bool IsLong => Environment.GetEnvironmentVariable("FRESHET_TEST_LONG") is "1";

    private static int Operations => IsLong ? 10_000_000 : 100_000;

    /// <summary>After so many more it says how far it is.</summary>
    private const long Milestone = 1_000_000;

    [Fact]
    public async Task No_session_goes_backwards_misses_its_writes_or_sees_half_of_a_commit()
    {
        await using var server = await TrustingPostgres.StartAsync();
        await using var scene = await CachedScene.StartAsync(server, Setup, "\"verify\": 5");
        var endpoint = new Endpoint(server.Host, server.Port, scene.Database, "wire", "");
        await using var second = await CachedScene.StartProxyAsync(endpoint, "\"verify\": 5");
        var counters = new CheckedCounters();
        int[] ports = [scene.Proxy.Port, second.Port, scene.Proxy.Port, second.Port, server.Port];
        CheckedSession[] sessions =
        [
            .. ports.Select((port, index) =>
                new CheckedSession(ConnectionString(port, scene.Database), counters, index)),
        ];

        await RunAsync(sessions, scene, Operations);

        Array.ForEach(sessions, session => session.Dispose());
        var metrics = await scene.MetricsAsync();
        Assert.Equal(0, metrics[scene.Series("freshet_cache_mismatches_total")]);
        Assert.Equal(0, metrics["freshet_broken_invariants_total"]);
        Assert.True(scene.Hits() > Operations / 200, $"{scene.Hits()} hits");
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{sessions.Sum(session => session.Operations):n0} operations, "
            + $"{sessions.Sum(session => session.Interrupted):n0} interrupted; of the first proxy: "
            + $"{scene.Hits():n0} hits, {metrics[scene.Series("freshet_cache_verified_total")]:n0} run again and the "
            + $"same, {metrics[scene.Series("freshet_feed_reconnects_total")]:n0} streams lost");
    }

    /// <summary>Shows that the checker sees what it looks for.</summary>
    [Fact]
    public async Task Without_a_floor_the_checker_finds_a_session_that_went_backwards()
    {
        await using var scene = await CachedScene.StartAsync(servers.Postgres, Setup);
        await using var host = new CachingHost(servers.Postgres, scene.Database);
        await host.UntilLiveAsync();
        host.Freshness.Failpoints =
            ConsistencyFailpoints.NoFloor | ConsistencyFailpoints.ConfirmAtOnce | ConsistencyFailpoints.PublishAtOnce;
        var counters = new CheckedCounters();
        CheckedSession[] sessions =
        [
            .. Enumerable.Range(0, 4).Select(index =>
                new CheckedSession(ConnectionString(host.Port, scene.Database), counters, index)),
        ];

        await Assert.ThrowsAnyAsync<XunitException>(() => RunAsync(sessions, scene: null, 1_000_000));
        Array.ForEach(sessions, session => session.Dispose());
    }

    private static async Task RunAsync(CheckedSession[] sessions, CachedScene? scene, int operations)
    {
        using var stop = new CancellationTokenSource();
        Task[] running =
        [
            .. sessions.Select(session => Task.Factory.StartNew(
                () => session.Run(stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning,
                TaskScheduler.Default)),
        ];
        try
        {
            var next = Milestone;
            for (var round = 0; sessions.Sum(session => session.Operations) < operations; round++)
            {
                if (sessions.Sum(session => session.Operations) >= next)
                {
                    TestContext.Current.TestOutputHelper?.WriteLine($"{next:n0} operations, {round} rounds");
                    next += Milestone;
                }

                Assert.True(IsLong || round < 1_800, "the machine is too slow for the checker");
                if (running.FirstOrDefault(task => task.IsFaulted) is { } failed)
                {
                    await failed;
                }

                if (scene is not null)
                {
                    await DisturbAsync(scene, round);
                }

                await Task.Delay(100, TestContext.Current.CancellationToken);
            }
        }
        finally
        {
            await stop.CancelAsync();
        }

        await Task.WhenAll(running);
    }

    private static async Task DisturbAsync(CachedScene scene, int round)
    {
        if (round % 400 == 250)
        {
            await scene.RestartServerAsync(
                round % 800 == 250 ? PostgresStopMode.Fast : PostgresStopMode.Immediate);
        }

        scene.Disturb(round);
    }

    private static string ConnectionString(int port, string database) =>
        $"Host=127.0.0.1;Port={port};Database={database};Username=wire;Pooling=false;No Reset On Close=true;"
        + "Max Auto Prepare=10;Auto Prepare Min Usages=3;SSL Mode=Disable";
}
