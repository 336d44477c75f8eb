using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Hardening;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>A server that copies in ignores Sync: the batch, and with it the transaction, goes on after the copy, and
/// the server connection stays with its client.</summary>
public sealed class CopyBatchTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_Sync_that_the_copy_ignores_does_not_give_the_server_away(bool beforeTheServersAnswer)
    {
        using var server = new ScriptedServer(
            (session, _) =>
            {
                session.AcceptLogin();
                Expect(session, beforeTheServersAnswer ? "PBES" : "PBEH");
                session.Send(Backend.ParseComplete(), Backend.BindComplete(), Backend.CopyInResponse());
                Expect(session, beforeTheServersAnswer ? "c" : "Sc");
                session.Send(Backend.CommandComplete("COPY 0"));
                Expect(session, "S");
                session.Send(Backend.ReadyForQuery());
                session.Serve("of the second");
            }
        );
        await using var proxy = await GuardedProxy.StartAloneAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", server.Port, "wire", "wire", ""))
            {
                Mode = PoolMode.Transaction,
                PoolSize = 1,
            });
        using var first = proxy.Login("first");
        using var second = proxy.Login("second");
        first.Send(Frontend.Parse("", "copy t from stdin"), Frontend.Bind("", ""), Frontend.Execute());
        first.Send(beforeTheServersAnswer ? Frontend.Sync() : Frontend.Flush());
        first.ReadUntil('G');
        first.Send(beforeTheServersAnswer ? [Frontend.CopyDone()] : [Frontend.Sync(), Frontend.CopyDone()]);
        first.ReadUntil('C');
        second.Send(Frontend.Query("select 1"));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(WireStream.Patience);
        while ((await Footprint.ReadAsync(proxy.Process, limit.Token)).Waiting is 0)
        {
            await Task.Delay(10, limit.Token);
        }

        first.Send(Frontend.Sync());
        Assert.Equal('I', first.ReadUntilReady());
        second.ReadUntilReady();
        Assert.Contains(
            second.Received, message => message.ToString().Contains("of the second", StringComparison.Ordinal));
    }

    private static void Expect(ScriptedSession session, string types)
    {
        foreach (var type in types)
        {
            session.Expect(type);
        }
    }
}
