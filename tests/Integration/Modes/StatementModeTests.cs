using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Hardening;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Modes;

/// <summary>Statement mode: single statements share connections, transaction blocks are refused.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class StatementModeTests(TestServers servers)
{
    [Fact]
    public async Task Single_statements_of_many_clients_share_a_connection()
    {
        await using var proxy = await StartAsync();
        var clients = Enumerable.Range(0, 10).Select(number => proxy.Login($"client {number}")).ToList();
        var processes = new HashSet<string?>(StringComparer.Ordinal);
        for (var round = 0; round < 3; round++)
        {
            clients.ForEach(client => processes.Add(client.Query("select pg_backend_pid()")));
            clients.ForEach(client => client.Send(
                Parse("p", "select pg_backend_pid()"), Bind("", "p"), Execute(), CloseStatement("p"), Sync()));
            clients.ForEach(client =>
            {
                processes.Add(client.ReadUntil('D').Row()[0]);
                Assert.Equal('I', client.ReadUntilReady());
            });
        }

        Assert.Single(processes);
        Assert.All(clients, client => Assert.DoesNotContain(client.Received, message => message.Type is 'E'));
        clients.ForEach(client => client.Dispose());
    }

    [Theory]
    [InlineData("begin")]
    [InlineData("start transaction read only")]
    [InlineData("select 1; begin; select 2")]
    [InlineData("/* hidden */ BEGIN ISOLATION LEVEL SERIALIZABLE")]
    public async Task A_transaction_block_is_refused(string sql)
    {
        await using var proxy = await StartAsync();
        foreach (var extended in (bool[])[false, true])
        {
            if (extended && sql.Contains(';', StringComparison.Ordinal))
            {
                continue;
            }

            using var client = proxy.Login();
            client.Send(extended ? [Parse("", sql), Bind("", ""), Execute(), Sync()] : [Query(sql)]);
            var last = client.ReadUntilClosed();
            Assert.Equal('E', last?.Type);
            Assert.Equal("0A000", last?.Field('C'));
            Assert.Contains("statement pooling mode", last?.Field('M'), StringComparison.Ordinal);
            Assert.Contains("pool.mode", last?.Field('H'), StringComparison.Ordinal);
        }

        using var other = proxy.Login();
        Assert.Equal("f", other.Query("select pg_catalog.now() <> pg_catalog.statement_timestamp()"));
        Assert.Equal('I', other.Batch(Parse("", "select 1"), Bind("", ""), Execute()));
    }

    [Fact]
    public async Task An_implicit_transaction_is_one_statement()
    {
        await using var proxy = await StartAsync();
        using var client = proxy.Login();
        client.Query("create table whole(n int primary key)");
        client.Query("insert into whole values (1); insert into whole values (1)");
        Assert.Equal("0", client.Query("select count(*) from whole"));
        client.Query("insert into whole values (1); insert into whole values (2)");
        Assert.Equal("2", client.Query("select count(*) from whole"));
        client.Query("drop table whole");
    }

    private Task<GuardedProxy> StartAsync() =>
        GuardedProxy.StartAloneAsync(new ProxyOptions(servers.Wire) { Mode = PoolMode.Statement, PoolSize = 1 });
}
