using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>What the proxy holds back for a moment goes on when the moment is over, although nothing else moves.
/// </summary>
public sealed class DelayedAnswerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_proxys_own_answer_follows_a_notice_that_came_in_two_parts()
    {
        var notice = Backend.Notice("by the way");
        using var server = new ScriptedServer(
            (session, _) =>
            {
                session.AcceptLogin();
                Answer(session, session.Expect('P'), session.Expect('S'));
                session.Send(notice[..9]);
                session.Expect('H');
                session.Send(notice[9..]);
                session.Serve();
            }
        );
        await using var proxy = await StartAsync(server);
        using var client = WireClient.Connect("127.0.0.1", proxy.Port, "client").Login("wire", "wire");
        client.Send(Frontend.Parse("s", "begin"), Frontend.Sync());
        Assert.Equal('T', client.ReadUntilReady());
        client.Send(Frontend.CloseStatement("s"), Frontend.Flush());
        Assert.Equal('N', client.Read().Type);
        Assert.Equal('3', client.Read().Type);
    }

    private static void Answer(ScriptedSession session, WireMessage parse, WireMessage sync)
    {
        Assert.Equal(('P', 'S'), (parse.Type, sync.Type));
        session.Send(Backend.ParseComplete(), Backend.ReadyForQuery('T'));
    }

    private static Task<IProxyProcess> StartAsync(ScriptedServer server) =>
        TestServers.StartProxyAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", server.Port, "wire", "wire", ""))
            {
                Mode = PoolMode.Transaction,
                PoolSize = 1,
            },
            Cancellation
        );
}
