using Freshet.Tests.Integration.Hardening;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Modes;

/// <summary>How many server connections a pool opens, and when it closes them.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class PoolLimitTests(TestServers servers)
{
    [Fact]
    public async Task The_smallest_number_is_kept_open_while_there_is_a_client()
    {
        await using var proxy = await StartAsync(""" "minSize": 3, "size": 5, "serverIdleTimeout": "200ms" """);
        using var client = proxy.Login();
        await WaitForServersAsync(proxy, 3);
        var others = Enumerable.Range(0, 4).Select(_ => proxy.Login()).ToList();
        others.ForEach(other => other.Query("begin"));
        client.Query("begin");
        Assert.Equal(5, await proxy.MetricAsync("freshet_servers"));
        others.ForEach(other => other.Query("commit"));
        client.Query("commit");
        await WaitForServersAsync(proxy, 3);
        others.ForEach(other => other.Dispose());
    }

    [Fact]
    public async Task In_session_mode_the_smallest_number_is_ready_for_clients_like_the_last_one()
    {
        await using var proxy = await StartAsync(
            """ "mode": "session", "minSize": 3, "size": 5, "serverIdleTimeout": "200ms" """);
        using var client = proxy.Login("client", ("application_name", "shop"));
        await WaitForAsync(proxy, "freshet_server_connects_total", 3);
        using var other = proxy.Login("other", ("application_name", "shop"));
        Assert.Equal("shop", other.Query("show application_name"));
        Assert.Equal(3, await proxy.MetricAsync("freshet_server_connects_total"));
        using var foreign = proxy.Login("foreign", ("application_name", "till"));
        Assert.Equal("till", foreign.Query("show application_name"));
    }

    [Fact]
    public async Task A_smallest_number_that_the_server_refuses_is_not_tried_without_a_pause()
    {
        using var server = new ScriptedServer(
            (session, number) =>
            {
                if (number is 0)
                {
                    session.AcceptLogin().Serve();
                }
                else
                {
                    session.Send(Backend.Error("22023", "not with these settings", "FATAL"));
                }
            });
        await using var proxy = await GuardedProxy.StartAloneAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", server.Port, "wire", "wire", ""))
            {
                Configuration = $$"""
                    {
                      "url": "postgres://wire@127.0.0.1:{{server.Port}}/wire?sslmode=disable", "auth": "trust",
                      "pool": { "mode": "session", "minSize": 2, "size": 5, "serverLoginRetry": "15s" }
                    }
                    """,
            });
        using var client = proxy.Login("client", ("application_name", "shop"));
        await WaitForAsync(proxy, "freshet_server_connect_failures_total", 2); // with the settings, and without
        Assert.Equal("1", client.Query("select 1"));
        Assert.Equal(3, server.Sessions);
    }

    [Fact]
    public async Task That_the_server_refuses_one_sessions_settings_is_told_to_nobody_else()
    {
        using var bothAsked = new CountdownEvent(2);
        using var isTold = new ManualResetEventSlim();
        using var server = new ScriptedServer(
            (session, number) =>
            {
                bothAsked.Signal();
                if (number is 0)
                {
                    bothAsked.Wait(WireStream.Patience);
                    session.Send(Backend.Error("22023", "not with these settings", "FATAL"));
                    return;
                }

                isTold.Wait(WireStream.Patience);
                session.AcceptLogin().Serve("served");
            });
        await using var proxy = await GuardedProxy.StartAloneAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", server.Port, "wire", "wire", ""))
            {
                Configuration = $$"""
                    {
                      "url": "postgres://wire@127.0.0.1:{{server.Port}}/wire?sslmode=disable", "auth": "trust",
                      "pool": { "mode": "session", "size": 5 }
                    }
                    """,
            });
        using var refused = proxy.Connect();
        refused.Send(Frontend.StartupMessage(
            Frontend.Version30, ("user", "wire"), ("database", "wire"), ("work_mem", "much")));
        while (bothAsked.CurrentCount is 2)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        var login = Task.Run(() => proxy.Login(), TestContext.Current.CancellationToken);
        Assert.Equal("22023", refused.ReadUntilClosed()?.Field('C'));
        isTold.Set();
        using var client = await login;
        Assert.Equal("served", client.Query("select 1"));
    }

    [Fact]
    public async Task The_reserve_is_opened_for_who_has_waited_long()
    {
        await using var proxy = await StartAsync(
            """ "size": 1, "reserveSize": 1, "reserveTimeout": "200ms" """);
        using var holder = proxy.Login();
        holder.Query("begin");
        using var second = proxy.Login();
        second.Query("begin");
        Assert.Equal(2, await proxy.MetricAsync("freshet_servers"));
        using var third = proxy.Login();
        third.Send(Frontend.Query("select 'third'"));
        Assert.True(third.IsSilentFor(TimeSpan.FromMilliseconds(500)));
        second.Query("commit");
        Assert.Equal("third", third.ReadUntil('D').Row()[0]);
    }

    [Fact]
    public async Task An_idle_connection_is_closed_in_time()
    {
        await using var proxy = await StartAsync(""" "size": 2, "serverIdleTimeout": "200ms" """);
        using var client = proxy.Login();
        client.Query("select 1");
        await WaitForServersAsync(proxy, 0);
        Assert.Equal("2", client.Query("select 2"));
    }

    [Fact]
    public async Task An_old_connection_is_replaced_but_not_inside_a_transaction()
    {
        await using var proxy = await StartAsync(""" "size": 1, "serverLifetime": "500ms" """);
        using var client = proxy.Login();
        client.Query("begin");
        var first = client.Query("select pg_backend_pid()");
        client.Query("select pg_sleep(0.7)");
        Assert.Equal(first, client.Query("select pg_backend_pid()"));
        client.Query("commit");
        Assert.NotEqual(first, client.Query("select pg_backend_pid()"));
    }

    [Fact]
    public async Task Without_a_free_connection_in_time_the_client_is_told_the_setting()
    {
        await using var proxy = await StartAsync(""" "size": 1, "waitTimeout": "300ms" """);
        using var holder = proxy.Login();
        holder.Query("begin");
        using var waiting = proxy.Login();
        waiting.Send(Frontend.Query("select 1"));
        var error = waiting.ReadUntilClosed();
        Assert.Equal("08006", error?.Field('C'));
        Assert.Contains("pool.waitTimeout = 0.3 s", error?.Field('M'), StringComparison.Ordinal);
        Assert.Contains("pool.size", error?.Field('H'), StringComparison.Ordinal);
        Assert.Equal(1, await proxy.MetricAsync("freshet_pool_wait_timeouts_total"));
    }

    [Fact]
    public async Task Users_share_the_connections_of_a_database_that_has_a_limit()
    {
        await using var proxy = await StartAsync(""" "size": 5 """, database: """, "maxConnections": 1 """);
        using var wire = proxy.Login();
        wire.Query("begin");
        using var bob = Login(proxy, "bob", "wire");
        bob.Send(Frontend.Query("select 'bob'"));
        Assert.True(bob.IsSilentFor(TimeSpan.FromMilliseconds(300)));
        Assert.Equal(1, await proxy.MetricAsync("freshet_servers"));
        wire.Query("commit");
        Assert.Equal("bob", bob.ReadUntil('D').Row()[0]);
        // And back: each takes the place of the other's idle connection.
        Assert.Equal("1", wire.Query("select 1"));
        Assert.Equal(1, await proxy.MetricAsync("freshet_servers"));
    }

    [Fact]
    public async Task Databases_share_the_connections_of_a_user_who_has_a_limit()
    {
        await using var proxy = await StartAsync(""" "size": 5 """, user: """ "maxConnections": 1 """);
        using var wire = proxy.Login();
        wire.Query("begin");
        using var app = Login(proxy, "wire", "app");
        app.Send(Frontend.Query("select current_database()"));
        Assert.True(app.IsSilentFor(TimeSpan.FromMilliseconds(300)));
        wire.Query("commit");
        Assert.Equal("app", app.ReadUntil('D').Row()[0]);
        Assert.Equal("wire", wire.Query("select current_database()"));
        Assert.Equal(1, await proxy.MetricAsync("freshet_servers"));
    }

    /// <summary>A login that may have to wait for a server connection: nothing is read yet.</summary>
    private static WireClient Login(GuardedProxy proxy, string user, string database)
    {
        var client = proxy.Connect(user);
        client.Send(Frontend.StartupMessage(Frontend.Version30, ("user", user), ("database", database)));
        return client;
    }

    private static Task WaitForServersAsync(GuardedProxy proxy, double count) =>
        WaitForAsync(proxy, "freshet_servers", count);

    private static async Task WaitForAsync(GuardedProxy proxy, string metric, double count)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(10));
        while (await proxy.MetricAsync(metric) != count)
        {
            await Task.Delay(20, limit.Token);
        }
    }

    private Task<GuardedProxy> StartAsync(string pool, string database = "", string user = "") =>
        GuardedProxy.StartAloneAsync(new ProxyOptions(servers.Wire)
        {
            Configuration = $$"""
                {
                  "auth": "trust",
                  "users": { "wire": { {{user}} }, "bob": {} },
                  "pool": { {{pool}} },
                  "databases": {
                    "*": {
                      "host": "127.0.0.1", "port": {{servers.Postgres.Port}}, "user": "wire" {{database}}
                    }
                  }
                }
                """,
        });
}
