using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Tls;

/// <summary>Cancel requests: libpq before 17 sends them without encryption even where the session has it, Npgsql with.
/// </summary>
/// <param name="server">Behind the proxy.</param>
[Collection(nameof(SecuredServerCollection))]
public sealed class TlsCancelTests(SecuredServer server)
{
    public static TheoryData<string> Ways => ["plain", "after SSLRequest", "direct"];

    [Theory, MemberData(nameof(Ways))]
    public async Task A_query_of_a_TLS_client_is_cancelled(string way)
    {
        await using var scene = await TlsScene.ForClientsAsync(server, "require");
        using var client = TlsWireClient.ConnectAfterRequest(scene.Proxy.Port).Login("alice", SecuredServer.Database);
        await CancelAsync(messages => client.Send(messages), client.ProcessId, client.SecretKey, scene.Proxy.Port, way);
        Assert.Equal("57014", client.ReadUntil('E').Field('C'));
        client.ReadUntil('Z');
        client.Send(Frontend.Query("select 'alive'"));
        Assert.Equal("alive", client.ReadUntil('D').Row()[0]);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_query_of_a_plain_client_is_cancelled(string way)
    {
        await using var scene = await TlsScene.ForClientsAsync(server, "prefer");
        using var client = WireClient.Connect("127.0.0.1", scene.Proxy.Port).Login("alice", SecuredServer.Database);
        await CancelAsync(messages => client.Send(messages), client.ProcessId, client.SecretKey, scene.Proxy.Port, way);
        Assert.Equal("57014", client.ReadUntil('E').Field('C'));
        client.ReadUntilReady();
        Assert.Equal("alive", client.Query("select 'alive'"));
    }

    [Fact]
    public async Task Npgsql_cancels_over_TLS()
    {
        await using var scene = await TlsScene.ForClientsAsync(server, "require");
        await using var connection = new NpgsqlConnection(
            $"Host=127.0.0.1;Port={scene.Proxy.Port};Username=alice;Database={SecuredServer.Database};"
                + "SSL Mode=Require;Pooling=false");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand("select pg_sleep(30)", connection);
        var running = command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await WaitUntilRunningAsync("select pg_sleep(30)");
        command.Cancel();
        var cancelled = await Assert.ThrowsAsync<OperationCanceledException>(() => running);
        Assert.Equal("57014", Assert.IsType<PostgresException>(cancelled.InnerException).SqlState);
    }

    [Fact]
    public async Task The_cancel_reaches_a_server_that_takes_only_TLS()
    {
        await using var scene = await TlsScene.ForServersAsync(server, "127.0.0.1", "verify-full", "authority.crt");
        using var client = WireClient.Connect("127.0.0.1", scene.Proxy.Port).Login("alice", SecuredServer.Database);
        var port = scene.Proxy.Port;
        await CancelAsync(messages => client.Send(messages), client.ProcessId, client.SecretKey, port, "plain");
        Assert.Equal("57014", client.ReadUntil('E').Field('C'));
    }

    private async Task CancelAsync(Action<byte[]> send, int processId, byte[] key, int port, string way)
    {
        send(Frontend.Query("select pg_sleep(29)"));
        await WaitUntilRunningAsync("select pg_sleep(29)");
        var request = Frontend.CancelRequest(processId, key);
        if (way is "plain")
        {
            using var plain = WireClient.Connect("127.0.0.1", port);
            plain.Send(request);
            Assert.Null(plain.ReadUntilClosed());
            return;
        }

        using var canceller = way is "direct"
            ? TlsWireClient.ConnectDirectly(port, "postgresql")
            : TlsWireClient.ConnectAfterRequest(port);
        canceller.Send(request);
        Assert.True(canceller.IsClosed());
    }

    private async Task WaitUntilRunningAsync(string sql)
    {
        while (await server.ReadAsync(
            $"select count(*) from pg_stat_activity where query = '{sql}' and state = 'active'") is "0")
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
