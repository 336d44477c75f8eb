using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>A cancel request ends the query of the client it names, and nobody else's.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class CancelTests(TestServers servers)
{
    private readonly WireComparison _wire = new(servers);

    public static TheoryData<Route> Routes => [Route.Session, Route.Transaction, Route.SingleServer, Route.Cached];

    [Theory, MemberData(nameof(Routes))]
    public Task A_running_query_is_cancelled(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var client = scene.Login("client");
                client.Query("select 1");
                Cancel(scene, client, "select pg_sleep(30)");
                client.Query("select 2");
                client.Query("begin");
                Cancel(scene, client, "select pg_sleep(30)");
                client.Query("select 3");
                client.Query("rollback");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_key_with_one_wrong_bit_is_ignored(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var client = scene.Login("client");
                byte[] key = [.. client.SecretKey];
                key[^1] ^= 1;
                client.Send(Query("select pg_sleep(0.3)"));
                SendCancel(scene, client.ProcessId, key);
                SendCancel(scene, client.ProcessId + 1, client.SecretKey);
                SendCancel(scene, client.ProcessId, []);
                SendCancel(scene, client.ProcessId, [.. client.SecretKey, 0]);
                client.ReadUntilReady();
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_cancel_for_an_idle_client_does_nothing(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var client = scene.Login("client");
                client.Query("select 1");
                SendCancel(scene, client.ProcessId, client.SecretKey);
                client.Query("select 2");
            }
        );

    [Fact]
    public Task A_late_cancel_does_not_hit_the_next_client_of_the_server_connection() =>
        _wire.CompareAsync(
            Route.SingleServer,
            scene =>
            {
                using var first = scene.Login("first");
                using var next = scene.Login("next");
                for (var round = 0; round < 20; round++)
                {
                    first.Query("select 'done'");
                    next.Send(Query("select pg_sleep(0.05)"));
                    SendCancel(scene, first.ProcessId, first.SecretKey);
                    next.ReadUntilReady();
                }
            }
        );

    [Fact]
    public Task A_cancel_that_races_with_the_end_of_its_query_never_hits_another_client() =>
        _wire.RunAsync(
            Route.SingleServer,
            scene =>
            {
                using var first = scene.Login("first");
                using var next = scene.Login("next");
                for (var round = 0; round < 100; round++)
                {
                    first.Send(Query("select pg_sleep(0.002)"));
                    next.Send(Query("select pg_sleep(0.01)"));
                    SendCancel(scene, first.ProcessId, first.SecretKey);
                    first.ReadUntilReady();
                    next.ReadUntilReady();
                }

                Assert.DoesNotContain(next.Received, message => message.Type is 'E');
            }
        );

    [Fact]
    public Task The_key_of_a_client_that_left_is_worth_nothing() =>
        _wire.RunAsync(
            Route.SingleServer,
            scene =>
            {
                int processId;
                byte[] key;
                using (var gone = scene.Login("gone"))
                {
                    gone.Query("select 1");
                    (processId, key) = (gone.ProcessId, gone.SecretKey);
                    gone.Send(Terminate());
                }

                using var client = scene.Login("client");
                client.Send(Query("select pg_sleep(0.2)"));
                SendCancel(scene, processId, key);
                client.ReadUntilReady();
                Assert.DoesNotContain(client.Received, message => message.Type is 'E');
            }
        );

    /// <summary>Sends the query, waits until the server runs it, and cancels it.</summary>
    private void Cancel(WireScene scene, WireClient client, string sql)
    {
        client.Send(Query(sql));
        using (var watcher = WireClient.Connect(servers.Postgres.Host, servers.Postgres.Port, "watcher"))
        {
            watcher.Login("wire", TestServers.WireDatabase);
            var question = $"select count(*) from pg_stat_activity where query = '{sql}' and state = 'active'";
            while (watcher.Query(question) is "0")
            {
                Thread.Sleep(5);
            }
        }

        SendCancel(scene, client.ProcessId, client.SecretKey);
        client.ReadUntilReady();
    }

    private static void SendCancel(WireScene scene, int processId, byte[] key)
    {
        using var canceller = WireClient.Connect(scene.Endpoint.Host, scene.Endpoint.Port, "canceller");
        canceller.Send(CancelRequest(processId, key));
        canceller.ReadUntilClosed();
    }
}
