using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Tls;
using Freshet.Tests.Integration.Wire;
using Freshet.Tests.Unit.Proxy.Tls;
using Xunit;

namespace Freshet.Tests.Integration.Cli;

/// <summary>SIGHUP: a good configuration takes effect, a bad one changes nothing.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class ReloadTests(TestServers servers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_larger_pool_serves_the_client_that_waits()
    {
        await using var proxy = await StartAsync(Configuration(1));
        using var holder = Login(proxy);
        holder.Query("begin");
        using var waiting = Login(proxy);
        waiting.Send(Frontend.Query("select 'served'"));
        Assert.True(waiting.IsSilentFor(TimeSpan.FromMilliseconds(200)));

        await ReloadAsync(proxy, Configuration(2), "configuration reloaded");
        Assert.Equal("served", waiting.ReadUntil('D').Row()[0]);
        holder.Query("commit");
    }

    [Fact]
    public async Task A_user_may_log_in_once_he_is_listed_and_no_longer_when_he_is_not()
    {
        await using var proxy = await StartAsync(Configuration(2));
        AssertRefused(proxy, "newcomer");
        await ReloadAsync(
            proxy, Configuration(2).Replace("{}", "{}, \"newcomer\": {}", StringComparison.Ordinal), "reloaded");
        using (var client = WireClient.Connect("127.0.0.1", proxy.Port).Login("newcomer", "wire"))
        {
            Assert.Equal("wire", client.Query("select current_user"));
        }

        await File.WriteAllTextAsync(proxy.ConfigurationFile, Configuration(2), Cancellation);
        proxy.Reload();
        await WaitUntilAsync(() => proxy.Output.Split("configuration reloaded").Length is 3);
        AssertRefused(proxy, "newcomer");
    }

    [Fact]
    public async Task A_bad_file_is_refused_with_all_its_errors_and_the_old_one_stays()
    {
        await using var proxy = await StartAsync(Configuration(2));
        using var client = Login(proxy);
        var bad = Configuration(0).Replace("\"auth\"", "\"surprise\": 1, \"auth\"", StringComparison.Ordinal);
        await ReloadAsync(proxy, bad, "the running configuration stays in force");
        Assert.Contains("pool.size", proxy.StandardError, StringComparison.Ordinal);
        Assert.Contains("surprise", proxy.StandardError, StringComparison.Ordinal);
        Assert.Equal("1", client.Query("select 1"));
        using var another = Login(proxy);
        Assert.Equal("2", another.Query("select 2"));
    }

    [Fact]
    public async Task A_bad_certificate_is_refused_and_the_old_one_stays()
    {
        using var files = new TlsTestCertificates();
        await using var proxy = await StartAsync(WithTls(files, "server"));
        await File.WriteAllTextAsync(files.PathOf("broken.crt"), "no certificate", Cancellation);
        File.Copy(files.PathOf("server.key"), files.PathOf("broken.key"));
        await ReloadAsync(proxy, WithTls(files, "broken"), "the running configuration stays in force");
        Assert.Contains("broken.crt", proxy.StandardError, StringComparison.Ordinal);
        using var client = TlsWireClient.ConnectAfterRequest(proxy.Port);
        client.Login("wire", "wire");

        await ReloadAsync(proxy, WithTls(files, "server-sha384"), "configuration reloaded");
        client.Send(Frontend.Query("select 'the old session goes on'"));
        Assert.Equal("the old session goes on", client.ReadUntil('D').Row()[0]);
        using var next = TlsWireClient.ConnectAfterRequest(proxy.Port);
        next.Login("wire", "wire");
    }

    [Fact]
    public async Task Another_server_serves_the_next_transaction()
    {
        await using var proxy = await StartAsync(Configuration(2));
        using var client = Login(proxy);
        client.Query("begin");
        var process = client.Query("select pg_backend_pid()");
        var moved = Configuration(2).Replace("\"user\"", "\"dbname\": \"app\", \"user\"", StringComparison.Ordinal);
        await ReloadAsync(proxy, moved, "configuration reloaded");
        Assert.Equal(process, client.Query("select pg_backend_pid()"));
        Assert.Equal("wire", client.Query("select current_database()"));
        client.Query("commit");
        Assert.Equal("app", client.Query("select current_database()"));
    }

    private static WireClient Login(FreshetProcess proxy) =>
        WireClient.Connect("127.0.0.1", proxy.Port).Login("wire", "wire");

    private static void AssertRefused(FreshetProcess proxy, string user)
    {
        using var client = WireClient.Connect("127.0.0.1", proxy.Port);
        client.Send(Frontend.StartupMessage(Frontend.Version30, ("user", user), ("database", "wire")));
        Assert.Equal("28000", client.ReadUntilClosed()?.Field('C'));
    }

    private static async Task ReloadAsync(FreshetProcess proxy, string configuration, string line)
    {
        await File.WriteAllTextAsync(proxy.ConfigurationFile, configuration, Cancellation);
        proxy.Reload();
        await proxy.WaitForLineAsync(line, Cancellation);
    }

    private static async Task WaitUntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            await Task.Delay(10, Cancellation);
        }
    }

    private Task<FreshetProcess> StartAsync(string configuration) =>
        FreshetProcess.StartAsync(new ProxyOptions(servers.Wire) { Configuration = configuration }, Cancellation);

    private string WithTls(TlsTestCertificates files, string name) =>
        Configuration(2).Replace(
            "\"auth\"",
            $$""" "tls": { "certificateFile": "{{files.PathOf($"{name}.crt")}}", """
                + $$""" "keyFile": "{{files.PathOf($"{name}.key")}}" }, "auth" """,
            StringComparison.Ordinal);

    private string Configuration(int poolSize) =>
        $$"""
        {
          "auth": "trust",
          "users": { "wire": {} },
          "pool": { "size": {{poolSize}} },
          "databases": { "*": { "host": "127.0.0.1", "port": {{servers.Postgres.Port}}, "user": "wire" } }
        }
        """;
}
