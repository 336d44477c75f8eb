using System.Net;
using System.Net.Sockets;
using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Cli;

/// <summary>SIGTERM drains, the second one ends at once, kill -9 leaves nothing.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class ShutdownTests(TestServers servers)
{
    private const int Interrupted = 130;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("transaction")]
    [InlineData("session")]
    public async Task A_drain_lets_a_transaction_commit_and_closes_idle_clients(string mode)
    {
        await using var proxy = await StartAsync(mode);
        using var idle = Login(proxy, "idle");
        idle.Query("select 1");
        using var busy = Login(proxy, "busy");
        busy.Query("create table if not exists drained(n int); truncate drained");
        busy.Query("begin; insert into drained values (1)");
        proxy.Terminate();
        Assert.Equal("57P01", idle.ReadUntilClosed()?.Field('C'));

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(proxy, "livez")).Status);
        var (status, body) = await GetAsync(proxy, "readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("draining", body, StringComparison.Ordinal);
        Assert.Equal(1, (await proxy.ReadMetricsAsync(Cancellation))["freshet_draining"]);
        AssertTakesNoClient(proxy);

        busy.Query("insert into drained values (2)");
        busy.Query("commit");
        Assert.Equal("57P01", busy.ReadUntilClosed()?.Field('C'));
        Assert.Equal(0, await proxy.WaitForExitAsync(Cancellation));
        using var witness = WireClient.Connect(servers.Postgres.Host, servers.Postgres.Port).Login("wire", "wire");
        Assert.Equal("2", witness.Query("select count(*) from drained"));
        witness.Query("drop table drained");
    }

    [Fact]
    public async Task Without_clients_a_drain_is_over_at_once()
    {
        await using var proxy = await StartAsync("transaction");
        Assert.Equal(0, await proxy.StopAsync(Cancellation));
    }

    [Fact]
    public async Task A_drain_that_takes_too_long_is_cut_off()
    {
        await using var proxy = await FreshetProcess.StartAsync(
            new ProxyOptions(servers.Wire)
            {
                Configuration = $$"""
                    { "url": "{{servers.Wire.Url}}", "auth": "trust", "drainTimeout": "300ms" }
                    """,
            },
            Cancellation);
        using var busy = Login(proxy, "busy");
        busy.Query("begin");
        Assert.Equal(1, await proxy.StopAsync(Cancellation));
        Assert.Equal("57P01", busy.ReadUntilClosed()?.Field('C'));
        Assert.Contains("drainTimeout", proxy.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_signal_ends_at_once()
    {
        await using var proxy = await StartAsync("transaction");
        using var busy = Login(proxy, "busy");
        busy.Query("begin");
        proxy.Terminate();
        await proxy.WaitForLineAsync("draining", Cancellation);
        Assert.Equal(Interrupted, await proxy.StopAsync(Cancellation));
    }

    [Fact]
    public async Task A_killed_proxy_leaves_no_session_and_no_port_behind()
    {
        int port;
        using var witness = WireClient.Connect(servers.Postgres.Host, servers.Postgres.Port).Login("wire", "wire");
        await using (var proxy = await StartAsync("transaction"))
        {
            port = proxy.Port;
            using var busy = Login(proxy, "killed");
            busy.Query("begin; select pg_advisory_xact_lock(77)");
            Assert.NotEqual("0", witness.Query(Sessions("killed")));
            proxy.Kill();
            await proxy.WaitForExitAsync(Cancellation);
            Assert.NotEqual('Z', busy.ReadUntilClosed()?.Type);
        }

        witness.Query("set statement_timeout = '10s'");
        // Comes only when the server has ended the killed proxy's session.
        witness.Query("select pg_advisory_lock(77), pg_advisory_unlock(77)");
        Assert.DoesNotContain(witness.Received, message => message.Type is 'E');
        while (witness.Query(Sessions("killed")) is not "0")
        {
            await Task.Delay(10, Cancellation);
        }

        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
    }

    private static string Sessions(string name) =>
        $"select count(*) from pg_stat_activity where application_name = '{name}'";

    private static WireClient Login(FreshetProcess proxy, string name) =>
        WireClient.Connect("127.0.0.1", proxy.Port, name).Login("wire", "wire", ("application_name", name));

    private static void AssertTakesNoClient(FreshetProcess proxy)
    {
        try
        {
            using var late = WireClient.Connect("127.0.0.1", proxy.Port);
            late.Send(Frontend.StartupMessage(Frontend.Version30, ("user", "wire"), ("database", "wire")));
            Assert.Contains(late.ReadUntilClosed()?.Field('C'), (string?[])["57P03", "57P01"]);
        }
        catch (SocketException refused)
        {
            Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        }
    }

    private static async Task<(HttpStatusCode Status, string Body)> GetAsync(FreshetProcess proxy, string path)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{proxy.HttpPort}/{path}"), Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    private Task<FreshetProcess> StartAsync(string mode) =>
        FreshetProcess.StartAsync(
            new ProxyOptions(servers.Wire)
            {
                Mode = mode is "session"
                    ? PoolMode.Session
                    : PoolMode.Transaction,
            },
            Cancellation);
}
