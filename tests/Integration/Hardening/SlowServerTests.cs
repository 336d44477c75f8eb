using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>
/// A real server behind a relay that delays and drips. Nothing may go wrong but the time, and only the limits strike
/// that are about what takes so long. The delays are longer than the ticks of the loops.
/// </summary>
/// <param name="servers">The shared servers.</param>
public sealed class SlowServerTests(TestServers servers)
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(1.2);

    [Theory]
    [InlineData("transaction")]
    [InlineData("session")]
    public async Task Answers_and_logins_byte_by_byte_are_as_any_other(string mode)
    {
        using var relay = new ServerRelay(servers.Postgres.Port, _ => new SlowFilter(TimeSpan.Zero, dripBytes: 1));
        await using var proxy = await StartAsync(relay, $""" "mode": "{mode}", "size": 2 """);
        using (var client = proxy.Login())
        {
            Assert.Equal("1", client.Query("select 1"));
            client.Batch(Parse("s", "select $1::int + 1"), DescribeStatement("s"), Bind("", "s", "41"), Execute());
            Assert.Equal("42", client.Received.Last(message => message.Type is 'D').Row()[0]);
            client.Query("begin; create temporary table dripped (i int)");
            client.Send(Query("copy dripped from stdin"));
            client.ReadUntil('G');
            client.Send(CopyData("1\n2\n3\n"), CopyDone());
            client.ReadUntilReady();
            client.Query("copy (select * from dripped) to stdout");
            Assert.Equal(3, client.Received.Count(message => message.Type is 'd'));
            client.Query("select 1/0");
            client.Query("rollback");
            Assert.Equal(["22012"], client.Received.Where(message => message.Type is 'E').Select(e => e.Field('C')));
            client.Query("set application_name = 'dripping'");
            using var other = proxy.Login("other");
            Assert.Equal("", other.Query("show application_name"));
            Assert.Equal("dripping", client.Query("show application_name"));
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task Limits_on_others_do_not_strike_who_waits_for_a_late_answer()
    {
        // Longer than a limit and the second until somebody looks.
        var delay = TimeSpan.FromSeconds(2.2);
        using var relay = new ServerRelay(servers.Postgres.Port, _ => new SlowFilter(delay, dripBytes: 0));
        await using var proxy = await StartAsync(
            relay,
            """ "mode": "transaction", "size": 1, "idleTransactionTimeout": "1s", "serverIdleTimeout": "1s" """,
            """ "clientLoginTimeout": "1s", "clientIdleTimeout": "1s", """);
        using (var client = proxy.Login())
        {
            client.Query("begin");
            client.Batch(Parse("", "select 'late'"), Bind("", ""), Execute());
            Assert.Equal("late", client.Received.Last(message => message.Type is 'D').Row()[0]);
            Assert.DoesNotContain(client.Received, message => message.Type is 'E');
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task A_login_that_waits_for_a_server_connection_is_not_late_itself()
    {
        await using var proxy = await StartAsync(
            servers.Postgres.Port, """ "mode": "session", "size": 1 """, """ "clientLoginTimeout": "1s", """);
        using (var holder = proxy.Login("holder"))
        using (var waiting = proxy.Connect("waiting"))
        {
            waiting.Send(StartupMessage(Version30, ("user", "wire"), ("database", "wire")));
            Assert.True(waiting.IsSilentFor(TimeSpan.FromSeconds(2.5)));
            holder.Send(Terminate());
            waiting.ReadUntilReady();
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task Who_waits_behind_a_late_answer_waits_no_longer_than_the_limit()
    {
        using var relay = new ServerRelay(servers.Postgres.Port, _ => new SlowFilter(Delay, dripBytes: 0));
        await using var proxy = await StartAsync(relay, """ "mode": "transaction", "size": 1, "waitTimeout": "3s" """);
        using (var holder = proxy.Login("holder"))
        using (var patient = proxy.Login("patient"))
        {
            holder.Send(Query("select 'first'"));
            patient.Send(Query("select 'second'"));
            Assert.Equal("first", holder.ReadUntil('D').Row()[0]);
            Assert.Equal("second", patient.ReadUntil('D').Row()[0]);
            patient.ReadUntilReady();
            holder.ReadUntilReady();
            holder.Query("begin");
            holder.Send(Query("select pg_sleep(2)"));
            patient.Send(Query("select 'third'"));
            var last = patient.ReadUntilClosed();
            Assert.Equal("08006", last?.Field('C'));
            Assert.Contains("pool.waitTimeout = 3 s", last?.Field('M'), StringComparison.Ordinal);
            holder.ReadUntilReady();
            holder.Query("commit");
            Assert.DoesNotContain(holder.Received, message => message.Type is 'E');
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task A_cancel_request_reaches_a_slow_server()
    {
        using var relay = new ServerRelay(
            servers.Postgres.Port, _ => new SlowFilter(TimeSpan.FromMilliseconds(150), dripBytes: 1));
        await using var proxy = await StartAsync(relay, """ "mode": "transaction", "size": 1 """);
        using (var client = proxy.Login())
        {
            client.Send(Query("select pg_sleep(60)"));
            Assert.True(client.IsSilentFor(TimeSpan.FromSeconds(1)));
            using (var canceller = proxy.Connect("canceller"))
            {
                canceller.Send(CancelRequest(client.ProcessId, client.SecretKey));
                Assert.Null(canceller.ReadUntilClosed());
            }

            Assert.Equal("57014", client.ReadUntil('E').Field('C'));
            client.ReadUntilReady();
            Assert.Equal("1", client.Query("select 1"));
        }

        await proxy.EndAsync();
    }

    [Theory]
    [InlineData("dripping")]
    [InlineData("silent")]
    public async Task A_login_that_drips_for_too_long_is_given_up(string way)
    {
        var slow = way is "silent" ? TimeSpan.FromSeconds(2) : TimeSpan.FromMilliseconds(600);
        using var relay = new ServerRelay(servers.Postgres.Port, _ => new SlowFilter(slow, dripBytes: 0));
        await using var proxy = await StartAsync(
            relay.Port, """ "mode": "transaction", "size": 1, "serverConnectTimeout": "500ms" """, "");
        using (var client = proxy.Connect("client"))
        {
            client.Send(StartupMessage(Version30, ("user", "wire"), ("database", "wire")));
            var last = client.ReadUntilClosed();
            Assert.Equal("FATAL", last?.Field('S'));
            Assert.Contains("pool.serverConnectTimeout = 0.5 s", last?.Field('M'), StringComparison.Ordinal);
        }

        await proxy.EndAsync();
    }

    [Theory]
    [InlineData("begin", "serverConnectTimeout")]
    [InlineData("select 1", "queryTimeout")]
    public async Task A_server_that_never_ends_what_a_client_left_behind_is_given_up(string query, string limit)
    {
        using var server = new ScriptedServer((session, number) =>
        {
            session.AcceptLogin();
            if (number > 0)
            {
                session.Serve("second");
                return;
            }

            session.Expect('Q');
            if (query is "begin")
            {
                session.Send(Backend.CommandComplete("BEGIN"), Backend.ReadyForQuery('T'));
                Assert.Equal("ROLLBACK", session.Expect('Q').Strings(0, 1)[0]);
            }

            while (session.TryRead() is not null) { }
        });
        await using var proxy = await StartAsync(
            server.Port, $""" "mode": "transaction", "size": 1, "{limit}": "1s" """, "");
        using (var leaving = proxy.Login("leaving"))
        {
            leaving.Send(Query(query));
            if (query is "begin")
            {
                leaving.ReadUntilReady();
            }

            leaving.Send(Terminate());
        }

        using (var next = proxy.Login("next"))
        {
            Assert.Equal("second", next.Query("select 1"));
        }

        await proxy.EndAsync();
    }

    private static Task<GuardedProxy> StartAsync(ServerRelay relay, string pool, string settings = "") =>
        StartAsync(relay.Port, pool, settings);

    private static Task<GuardedProxy> StartAsync(int port, string pool, string settings) =>
        GuardedProxy.StartAloneAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", port, "wire", "wire", ""))
            {
                Configuration = $$"""
                    {
                      "url": "postgres://wire@127.0.0.1:{{port}}/wire?sslmode=disable",
                      "auth": "trust", "threads": 1, {{settings}}
                      "pool": { {{pool}} }
                    }
                    """,
            });
}
