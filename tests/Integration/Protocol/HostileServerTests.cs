using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>
/// A server that lies, stops in the middle or dies: the client of that moment is told or cut off, the next one is
/// served by a new server connection.
/// </summary>
public sealed class HostileServerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>What the server does with a query, by name; each leaves the connection useless.</summary>
    private static Dictionary<string, Action<ScriptedSession>> Deeds { get; } =
        new(StringComparer.Ordinal)
        {
            ["dies before the answer"] = session => session.Die(),
            ["closes before the answer"] = _ => { },
            ["dies after the row description"] = session => session.Send(Backend.RowDescription("a")).Die(),
            ["closes inside a row"] = session =>
                session.Send(Backend.RowDescription("a"), Backend.DataRow(new string('x', 1000))[..500]),
            ["closes inside a header"] = session => session.Send(Backend.RowDescription("a"), "D\0"u8.ToArray()),
            ["closes after the command complete"] = session =>
                session.Send(Backend.RowDescription("a"), Backend.DataRow("1"), Backend.CommandComplete("SELECT 1")),
            ["sends a fatal error"] = session =>
                session.Send(Backend.Error("57P01", "terminating connection", "FATAL")),
            ["sends a length below four"] = session => session.Send("D\0\0\0\u0003"u8.ToArray()),
            ["sends a negative length"] = session => session.Send([(byte)'D', 0xFF, 0xFF, 0xFF, 0xFF]),
            ["sends an unknown type"] = session => session.Send([1, 0, 0, 0, 4]),
            ["sends text of another protocol"] = session =>
                session.Send("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray()),
            ["sends a ready of no length"] = session => session.Send("Z\0\0\0\u0004"u8.ToArray()),
            ["sends a ready of an unknown status"] = session => session.Send(Backend.ReadyForQuery('X')),
            ["dies in copy in"] = session => session.Send(Backend.CopyInResponse()).Die(),
            ["dies in copy out"] = session => session.Send(Backend.CopyOutResponse(), Frontend.CopyData("x")).Die(),
        };

    public static TheoryData<Route, string> Cases
    {
        get
        {
            var cases = new TheoryData<Route, string>();
            foreach (var deed in Deeds.Keys)
            {
                cases.Add(Route.Session, deed);
                cases.Add(Route.Transaction, deed);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task The_client_is_cut_off_and_the_next_one_is_served(Route route, string deed)
    {
        var misdeeds = 0;
        using var server = new ScriptedServer(
            (session, _) =>
            {
                session.AcceptLogin();
                while (session.TryRead() is { } message && message.Type is not 'X')
                {
                    if (message is { Type: 'Q' } && message.Strings(0, 1)[0] is "misbehave")
                    {
                        Interlocked.Increment(ref misdeeds);
                        Deeds[deed](session);
                        return;
                    }

                    session.Answer(message, "1");
                }
            }
        );
        await using var proxy = await StartAsync(server, route);
        using (var victim = Login(proxy))
        {
            victim.Send(Frontend.Query("misbehave"));
            Assert.DoesNotContain(ReadToEnd(victim), message => message.Type is 'Z');
        }

        using var next = Login(proxy);
        Assert.Equal("1", next.Query("select 1"));
        Assert.Equal(1, misdeeds);
    }

    [Fact]
    public async Task A_server_that_dies_while_it_is_idle_is_not_lent_again()
    {
        using var mayDie = new ManualResetEventSlim();
        using var died = new ManualResetEventSlim();
        using var server = new ScriptedServer(
            (session, number) =>
            {
                session.AcceptLogin();
                if (number is 0)
                {
                    session.Answer(session.Expect('Q'), "first");
                    mayDie.Wait(WireStream.Patience);
                    session.Die();
                    died.Set();
                    return;
                }

                session.Serve("second");
            }
        );
        await using var proxy = await StartAsync(server, Route.Transaction);
        using var client = Login(proxy);
        Assert.Equal("first", client.Query("select 1"));
        mayDie.Set();
        Assert.True(died.Wait(WireStream.Patience, Cancellation));
        Assert.Equal("second", client.Query("select 1"));
    }

    [Fact]
    public async Task Notices_and_status_of_an_idle_server_reach_nobody_else()
    {
        using var sent = new ManualResetEventSlim();
        using var server = new ScriptedServer(
            (session, number) =>
            {
                session.AcceptLogin();
                if (number is 0)
                {
                    session.Answer(session.Expect('Q'), "one");
                    session.Send(Backend.Notice("late news"));
                    sent.Set();
                }

                // The proxy may go on with this connection or drop it for its odd behaviour.
                session.Serve("two");
            }
        );
        await using var proxy = await StartAsync(server, Route.Transaction);
        using var first = Login(proxy);
        using var second = Login(proxy);
        Assert.Equal("one", first.Query("select 1"));
        Assert.True(sent.Wait(WireStream.Patience, Cancellation));
        Assert.Equal("two", second.Query("select 1"));
        Assert.Equal("two", first.Query("select 1"));
        Assert.DoesNotContain(second.Received, message => message.Type is 'E');
    }

    [Fact]
    public async Task A_server_that_nobody_can_log_in_to_is_reported_with_its_own_error()
    {
        using var server = new ScriptedServer(
            (session, _) => session.Send(Backend.Error("53300", "sorry, too many clients already", "FATAL")));
        await using var proxy = await StartAsync(server, Route.Session);
        using var client = WireClient.Connect("127.0.0.1", proxy.Port, "client");
        client.Send(Frontend.StartupMessage(Frontend.Version30, ("user", "wire"), ("database", "wire")));
        client.ReadUntilClosed();
        Assert.Contains(client.Received, message => message.Type is 'E' && message.Field('C') is "53300");
    }

    private static List<WireMessage> ReadToEnd(WireClient client)
    {
        try
        {
            client.ReadUntilClosed();
        }
        catch (EndOfStreamException)
        {
            // Cut off inside a message that was being relayed: the only honest end there is.
        }

        return [.. client.Received.SkipWhile(message => message.Type is not 'Z').Skip(1)];
    }

    private static Task<IProxyProcess> StartAsync(ScriptedServer server, Route route) =>
        TestServers.StartProxyAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", server.Port, "wire", "wire", ""))
            {
                Mode = route is Route.Session ? PoolMode.Session : PoolMode.Transaction,
                PoolSize = 1,
            },
            Cancellation
        );

    private static WireClient Login(IProxyProcess proxy) =>
        WireClient.Connect("127.0.0.1", proxy.Port, "client").Login("wire", "wire");
}
