using System.Collections.Concurrent;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>More cancel requests than a server is to have at once. Its queries run until they are cancelled or
/// <see cref="Finish"/>ed; the connections that cancel them stay open until <see cref="_mayAct"/> is set.</summary>
public sealed class CancelFloodTests : IDisposable
{
    /// <summary>What the proxy lets at one server.</summary>
    private const int MostAtOnce = 16;

    private readonly ManualResetEventSlim _mayAct = new();
    private readonly ConcurrentDictionary<string, BlockingCollection<bool>> _verdicts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, string> _running = new();
    private readonly ConcurrentQueue<string> _cancelled = new();
    private readonly Lock _lock = new();
    private int _open, _mostOpen;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _mayAct.Dispose();

    [Fact]
    public async Task Sixteen_are_at_the_server_at_once_and_the_others_follow()
    {
        using var server = new ScriptedServer(Run) { OnCancel = OnCancel };
        await using var proxy = await StartAsync(server, MostAtOnce + 8);
        var clients = await StartQueriesAsync(proxy, MostAtOnce + 8);
        foreach (var client in clients)
        {
            SendCancel(proxy, client);
        }

        await UntilAsync(async () => await proxy.MetricAsync("freshet_cancels_waiting") is 8);
        await UntilAsync(() => Task.FromResult(Volatile.Read(ref _open) is MostAtOnce));
        SendCancel(proxy, clients[^1]); // that one waits already
        Assert.Equal(8, await proxy.MetricAsync("freshet_cancels_waiting"));

        _mayAct.Set();
        foreach (var client in clients)
        {
            Assert.Equal("57014", client.ReadUntil('E').Field('C'));
            client.ReadUntilReady();
            client.Dispose();
        }

        Assert.Equal((MostAtOnce, clients.Count), (_mostOpen, _cancelled.Count));
        Assert.Equal(0, await proxy.MetricAsync("freshet_cancels_dropped_total"));
        await proxy.EndAsync();
    }

    [Fact]
    public async Task A_request_that_waits_is_dropped_when_its_query_is_over()
    {
        using var server = new ScriptedServer(Run) { OnCancel = OnCancel };
        await using var proxy = await StartAsync(server, MostAtOnce + 1);
        var clients = await StartQueriesAsync(proxy, MostAtOnce + 1);
        foreach (var client in clients)
        {
            SendCancel(proxy, client);
            await UntilAsync(() => Task.FromResult(client == clients[^1] || _open > clients.IndexOf(client)));
        }

        await UntilAsync(async () => await proxy.MetricAsync("freshet_cancels_waiting") is 1);
        Finish(clients[^1].Name);
        clients[^1].ReadUntilReady();

        using var next = proxy.Login("next"); // all other server connections are busy
        next.Send(Frontend.Query("next"));
        await UntilAsync(() => Task.FromResult(_running.Values.Contains("next")));
        _mayAct.Set();
        foreach (var client in clients.SkipLast(1))
        {
            client.ReadUntilReady();
        }

        await UntilAsync(async () => await proxy.MetricAsync("freshet_cancels_waiting") is 0);
        await UntilAsync(async () => await proxy.MetricAsync("freshet_cancels_dropped_total") is 1);
        Finish("next");
        next.ReadUntilReady();
        Assert.DoesNotContain(next.Received, message => message.Type is 'E');
        Assert.Equal(clients.SkipLast(1).Select(client => client.Name).Order(), _cancelled.Order());
        clients.ForEach(client => client.Dispose());
        next.Dispose();
        await proxy.EndAsync();
    }

    private static Task<GuardedProxy> StartAsync(ScriptedServer server, int poolSize) =>
        GuardedProxy.StartAloneAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", server.Port, "wire", "wire", "")) { PoolSize = poolSize });

    private static void SendCancel(GuardedProxy proxy, WireClient client)
    {
        using var canceller = proxy.Connect("canceller");
        canceller.Send(Frontend.CancelRequest(client.ProcessId, client.SecretKey));
        canceller.ReadUntilClosed();
    }

    private static async Task UntilAsync(Func<Task<bool>> isTrue)
    {
        for (var ends = DateTime.UtcNow + WireStream.Patience; !await isTrue(); await Task.Delay(5, Cancellation))
        {
            Assert.True(DateTime.UtcNow < ends, "it does not come true");
        }
    }

    /// <summary>Each runs a query of its own name.</summary>
    private async Task<List<WireClient>> StartQueriesAsync(GuardedProxy proxy, int count)
    {
        List<WireClient> clients = [];
        for (var number = 0; number < count; number++)
        {
            var client = proxy.Login($"client {number}");
            client.Send(Frontend.Query(client.Name));
            clients.Add(client);
        }

        await UntilAsync(() => Task.FromResult(_running.Count == count));
        return clients;
    }

    private void Run(ScriptedSession session, int number)
    {
        session.AcceptLogin();
        while (session.TryRead() is { Type: 'Q' } query)
        {
            var name = query.Strings(0, 1)[0];
            _running[session.ProcessId] = name;
            if (VerdictOf(name).Take())
            {
                session.Send(Backend.Error("57014", "canceling statement"), Backend.ReadyForQuery());
            }
            else
            {
                session.Answer(query, "done");
            }
        }
    }

    private void Finish(string name) => VerdictOf(name).Add(false);

    private void OnCancel(int processId)
    {
        lock (_lock)
        {
            _mostOpen = Math.Max(_mostOpen, ++_open);
        }

        _mayAct.Wait(WireStream.Patience);
        lock (_lock)
        {
            _open--;
        }

        var name = _running[processId];
        _cancelled.Enqueue(name);
        VerdictOf(name).Add(true);
    }

    private BlockingCollection<bool> VerdictOf(string name) => _verdicts.GetOrAdd(name, _ => []);
}
