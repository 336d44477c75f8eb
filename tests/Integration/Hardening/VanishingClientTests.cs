using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>A client that goes away in the middle of something: its transaction is rolled back, its query stopped, its
/// server connection clean or gone.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class VanishingClientTests(TestServers servers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Dictionary<string, Action<WireClient>> Moments { get; } =
        new(StringComparer.Ordinal)
        {
            ["in a transaction"] = client => client.Query("begin; insert into vanished values (1)"),
            ["in a failed transaction"] = client => client.Query("begin; insert into vanished values (1); select 1/0"),
            ["in a query"] = client => client.Send(Query("insert into vanished select 1 from pg_sleep(20)")),
            ["in an open batch"] = client =>
            {
                client.Send(Parse("", "insert into vanished values (1)"), Bind("", ""), Execute(), Flush());
                client.ReadUntil('C');
            },
            ["in a suspended portal"] = client =>
            {
                client.Query("begin; insert into vanished values (1)");
                client.Send(Parse("", "select generate_series(1, 1000)"), Bind("", ""), Execute("", 1), Flush());
                client.ReadUntil('s');
            },
            ["in copy in"] = client =>
            {
                client.Send(Query("copy vanished from stdin"));
                client.ReadUntil('G');
                client.Send(CopyData("1\n"));
            },
            ["in copy out"] = client =>
            {
                client.Send(Query("copy (select repeat('x', 10000) from generate_series(1, 100000)) to stdout"));
                client.ReadUntil('d');
            },
            ["in a large result"] = client =>
            {
                client.Send(Query("select repeat('x', 10000) from generate_series(1, 100000)"));
                client.ReadUntil('D');
            },
            ["with an advisory lock"] = client => client.Query("select pg_advisory_lock(4711)"),
            ["with a temporary table"] = client => client.Query("create temporary table gone (i int)"),
        };

    public static TheoryData<bool> Modes => [true, false];

    [Theory, MemberData(nameof(Modes))]
    public async Task Whatever_a_client_was_doing_nothing_of_it_remains(bool session)
    {
        await using var proxy = await GuardedProxy.StartAsync(Options(session, size: 3));
        using var control = WireClient.Connect(servers.Postgres.Host, servers.Postgres.Port).Login("wire", "wire");
        control.Query("create table if not exists vanished (i int)");
        var start = control.Query("select now()");
        foreach (var (moment, act) in Moments)
        {
            foreach (var isAborted in (bool[])[false, true])
            {
                var client = proxy.Login(moment);
                act(client);
                if (isAborted)
                {
                    client.Abort();
                }

                client.Dispose();
                await WaitForAsync(control, $"{moment}: idle connections only",
                    "select count(*) = 0 from pg_stat_activity where datname = 'wire' and pid <> pg_backend_pid()"
                    + $" and state <> 'idle' and query not like '%pg_backend_pid%' and backend_start > '{start}'");
                await WaitForAsync(control, $"{moment}: locks",
                    "select count(*) = 0 from pg_locks where locktype = 'advisory'"
                    + " or relation = 'vanished'::regclass");
                await WaitForAsync(control, $"{moment}: temporary tables",
                    "select count(*) = 0 from pg_class where relname = 'gone'");
                Assert.Equal("0", control.Query("select count(*) from vanished"));
            }
        }

        // Other tests use the same server: a connection that was forgotten shows as a descriptor when the proxy ends.
        Assert.InRange(await proxy.MetricAsync("freshet_servers"), 0, 3);
        control.Query("drop table vanished");
        await proxy.EndAsync();
    }

    [Theory, MemberData(nameof(Modes))]
    public async Task A_good_bye_that_leaves_the_server_waiting_for_more_gives_its_connection_up(bool session)
    {
        await using var proxy = await GuardedProxy.StartAloneAsync(Options(session, size: 1));
        foreach (var messages in (byte[][][])
            [
                [Parse("", "select nonsense"), Query("select 'skipped, as no Sync came'"), Terminate()],
                [Query("create temporary table t (i int); copy t from stdin"), Terminate()],
            ])
        {
            using (var leaving = proxy.Login("leaving"))
            {
                leaving.Send(messages);
                leaving.ReadUntilClosed();
            }

            using var next = proxy.Login("next");
            Assert.Equal("1", next.Query("select 1"));
        }

        await proxy.EndAsync();
    }

    [Theory, MemberData(nameof(Modes))]
    public async Task Clients_that_leave_the_queue_do_not_stop_those_behind_them(bool session)
    {
        await using var proxy = await GuardedProxy.StartAloneAsync(Options(session, size: 1));
        using (var holder = proxy.Login("holder"))
        {
            holder.Query("begin");
            var leaving = Enumerable.Range(0, 50).Select(_ => Queue(proxy, session)).ToList();
            using var last = Queue(proxy, session);
            await WaitUntilWaitingAsync(proxy, 51);
            for (var index = 0; index < leaving.Count; index++)
            {
                if (index % 2 is 0)
                {
                    leaving[index].Abort();
                }

                leaving[index].Dispose();
            }

            await WaitUntilWaitingAsync(proxy, 1);
            holder.Query("commit");
            if (session)
            {
                holder.Send(Terminate());
            }

            last.ReadUntilReady(session ? 2 : 1);
            Assert.DoesNotContain(last.Received, message => message.Type is 'E');
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task A_held_client_that_is_reset_costs_no_processor_time()
    {
        await using var proxy = await GuardedProxy.StartAloneAsync(Options(session: false, size: 1));
        using (var holder = proxy.Login("holder"))
        {
            holder.Query("begin");
            using (var held = proxy.Login("held"))
            {
                held.Send([.. Enumerable.Repeat(Query("select 1"), 20_000)]);
                held.Abort();
            }

            for (var tries = 0; tries < 100 && await proxy.MetricAsync("freshet_clients") > 1; tries++)
            {
                await Task.Delay(20, Cancellation);
            }

            Assert.Equal(1, await proxy.MetricAsync("freshet_clients"));
            Assert.Equal("1", holder.Query("select 1"));
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task Clients_that_vanish_while_they_log_in_leave_nothing()
    {
        await using var proxy = await GuardedProxy.StartAloneAsync(new ProxyOptions(servers.App) { Auth = "scram" });
        var startup = StartupMessage(Version30, ("user", "app"), ("database", "app"));
        for (var round = 0; round < 100; round++)
        {
            using var client = proxy.Connect();
            client.Send(startup[..(round * startup.Length / 100)]);
            if (round % 10 is 0)
            {
                client.Send(startup[(round * startup.Length / 100)..]);
                client.Read();
            }

            if (round % 2 is 0)
            {
                client.Abort();
            }
        }

        await proxy.EndAsync();
    }

    /// <summary>A client that waits for the one server connection: in session mode with its login.</summary>
    private static WireClient Queue(GuardedProxy proxy, bool session)
    {
        var client = session ? proxy.Connect("queued") : proxy.Login("queued");
        client.Send(
            session ? StartupMessage(Version30, ("user", "wire"), ("database", "wire")) : [], Query("select 'served'"));
        return client;
    }

    private static async Task WaitUntilWaitingAsync(GuardedProxy proxy, int count)
    {
        for (var tries = 0; tries < 250; tries++)
        {
            var now = await Footprint.ReadAsync(proxy.Process, Cancellation);
            if (now.Waiting.Equals(count))
            {
                return;
            }

            await Task.Delay(20, Cancellation);
        }

        Assert.Fail($"never were {count} clients waiting");
    }

    private static async Task WaitForAsync(WireClient control, string what, string question)
    {
        for (var tries = 0; tries < 250; tries++)
        {
            if (control.Query(question) is "t")
            {
                return;
            }

            await Task.Delay(20, Cancellation);
        }

        Assert.Fail($"{what}: not within five seconds");
    }

    private ProxyOptions Options(bool session, int size) =>
        new(servers.Wire) { Mode = session ? PoolMode.Session : PoolMode.Transaction, PoolSize = size };
}
