using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>Every limit, reached: an error that names the setting, the connection closed, the others untouched.
/// </summary>
/// <param name="servers">The shared servers.</param>
public sealed class LimitTests(TestServers servers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static byte[] Startup => StartupMessage(Version30, ("user", "wire"), ("database", "wire"));

    [Fact]
    public async Task Connections_above_the_file_limit_are_refused_and_come_in_again_later()
    {
        await using var proxy = await GuardedProxy.StartAloneAsync(
            new ProxyOptions(servers.Wire) { OpenFiles = 250, PoolSize = 2 });
        // Both server connections exist before the descriptors run out.
        using (var first = proxy.Login("first"))
        using (var second = proxy.Login("second"))
        {
            first.Query("begin");
            second.Query("select 1");
            var accepted = new List<WireClient>();
            var refused = 0;
            for (var number = 0; number < 400; number++)
            {
                var client = proxy.Connect($"client {number}");
                client.Send(Startup);
                var answer = client.TryRead();
                Assert.True(answer is not null, $"client {number} was closed without a word\n{proxy.Process.Output}");
                if (answer is { Type: 'E' } error)
                {
                    Assert.Equal("53300", error.Field('C'));
                    Assert.Contains("ulimit -n", error.Field('H'), StringComparison.Ordinal);
                    client.Dispose();
                    refused++;
                    continue;
                }

                client.ReadUntilReady();
                accepted.Add(client);
            }

            Assert.InRange(refused, 200, 395);
            Assert.All(accepted.Where((_, index) => index % 20 is 0), client =>
                Assert.Equal("1", client.Query("select 1")));
            first.Query("commit");
            accepted.ForEach(client => client.Dispose());
        }

        for (var number = 0; number < 50; number++)
        {
            using var client = proxy.Login($"later {number}");
            Assert.Equal("1", client.Query("select 1"));
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task One_client_too_many_is_told_the_limit()
    {
        await using var proxy = await StartAsync("\"maxClientConnections\": 3");
        using (var first = proxy.Login())
        using (var second = proxy.Login())
        {
            using (var third = proxy.Login())
            {
                Refused(proxy, "53300", "maxClientConnections = 3");
                Assert.Equal("1", third.Query("select 1"));
            }

            await WaitForClientsAsync(proxy, 2);
            using var later = proxy.Login();
            Assert.Equal("1", later.Query("select 1"));
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task A_client_that_waits_too_long_for_a_server_is_told_the_limit()
    {
        await using var proxy = await StartAsync("\"pool\": { \"size\": 1, \"waitTimeout\": \"500ms\" }");
        using (var holder = proxy.Login("holder"))
        using (var waiting = proxy.Login("waiting"))
        {
            holder.Query("begin");
            waiting.Send(Query("select 1"));
            AssertLast(waiting, "08006", "pool.waitTimeout = 0.5");
            Assert.Equal("1", holder.Query("select 1"));
            holder.Query("commit");
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task A_login_that_takes_too_long_ends()
    {
        await using var proxy = await StartAsync("\"clientLoginTimeout\": \"1s\"");
        using (var silent = proxy.Connect("silent"))
        using (var slow = proxy.Connect("slow"))
        using (var other = proxy.Login("other"))
        {
            slow.Send(Startup[..5]);
            AssertLast(silent, "08P01", "clientLoginTimeout = 1 s");
            AssertLast(slow, "08P01", "clientLoginTimeout = 1 s");
            Assert.Equal("1", other.Query("select 1"));
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task A_login_without_a_time_limit_may_take_its_time()
    {
        await using var proxy = await StartAsync("\"clientLoginTimeout\": \"0s\"");
        using (var slow = proxy.Connect("slow"))
        {
            slow.Send(Startup[..5]);
            Assert.True(slow.IsSilentFor(TimeSpan.FromSeconds(2.5)));
            slow.Send(Startup[5..]);
            slow.ReadUntilReady();
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task An_idle_client_is_closed_and_one_in_a_transaction_is_not()
    {
        await using var proxy = await StartAsync("\"clientIdleTimeout\": \"1s\"");
        using (var idle = proxy.Login("idle"))
        using (var busy = proxy.Login("busy"))
        {
            busy.Query("begin");
            AssertLast(idle, "57P05", "clientIdleTimeout = 1 s");
            Assert.Equal("1", busy.Query("select 1"));
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task An_idle_transaction_is_ended_and_rolled_back()
    {
        await using var proxy = await StartAsync("\"pool\": { \"size\": 2, \"idleTransactionTimeout\": \"500ms\" }");
        using (var idle = proxy.Login("idle"))
        using (var other = proxy.Login("other"))
        {
            idle.Query("begin");
            idle.Query("select pg_advisory_xact_lock(815)");
            AssertLast(idle, "25P03", "pool.idleTransactionTimeout = 0.5 s");
            // The error comes before the rollback is done.
            Assert.Equal("", other.Query("select pg_advisory_xact_lock(815)"));
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task An_idle_transaction_with_a_batch_left_open_is_ended()
    {
        await using var proxy = await StartAsync("\"pool\": { \"size\": 1, \"idleTransactionTimeout\": \"500ms\" }");
        using (var idle = proxy.Login("idle"))
        using (var other = proxy.Login("other"))
        {
            idle.Send(Parse("", "select 1"), Bind("", ""), Execute(), Flush());
            idle.ReadUntil('C');
            AssertLast(idle, "25P03", "pool.idleTransactionTimeout = 0.5 s");
            Assert.Equal("1", other.Query("select 1"));
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task A_query_that_runs_too_long_is_stopped_on_the_server_too()
    {
        await using var proxy = await StartAsync("\"pool\": { \"size\": 1, \"queryTimeout\": \"500ms\" }");
        using (var slow = proxy.Login("slow"))
        using (var other = proxy.Login("other"))
        {
            slow.Send(Query("select pg_sleep(20)"));
            AssertLast(slow, "57014", "pool.queryTimeout = 0.5 s");
            Assert.Equal("1", other.Query("select 1"));
            for (var tries = 0; tries < 100; tries++)
            {
                if (other.Query("select count(*) from pg_stat_activity where query = 'select pg_sleep(20)'") is "0")
                {
                    break;
                }

                Assert.True(tries < 99, "the query still runs");
                await Task.Delay(20, Cancellation);
            }
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task One_prepared_statement_too_many_is_told_the_limit()
    {
        await using var proxy = await StartAsync("\"maxClientPreparedStatements\": 3");
        using (var client = proxy.Login())
        {
            for (var number = 0; number < 3; number++)
            {
                client.Batch(Parse($"s{number}", $"select {number}"));
            }

            client.Send(Parse("s3", "select 3"), Sync());
            AssertLast(client, "53400", "maxClientPreparedStatements = 3");
        }

        await proxy.EndAsync();
    }

    private static void Refused(GuardedProxy proxy, string sqlState, string part)
    {
        using var client = proxy.Connect("refused");
        client.Send(Startup);
        AssertLast(client, sqlState, part);
    }

    private static void AssertLast(WireClient client, string sqlState, string part)
    {
        var last = client.ReadUntilClosed();
        Assert.True(last is { Type: 'E' }, $"{client.Name}: {last}");
        Assert.Equal(("FATAL", sqlState), (last.Field('S'), last.Field('C')));
        Assert.Contains(part, last.Field('M'), StringComparison.Ordinal);
    }

    private static async Task WaitForClientsAsync(GuardedProxy proxy, int count)
    {
        for (var tries = 0; tries < 100 && await proxy.MetricAsync("freshet_clients") > count; tries++)
        {
            await Task.Delay(20, Cancellation);
        }
    }

    private Task<GuardedProxy> StartAsync(string settings) =>
        GuardedProxy.StartAloneAsync(
            new ProxyOptions(servers.Wire)
            {
                Configuration = $$"""
                    { "url": "{{servers.Wire.Url}}?sslmode=disable", "auth": "trust", {{settings}} }
                    """,
            }
        );
}
