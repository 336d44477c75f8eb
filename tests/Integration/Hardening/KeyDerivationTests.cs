using System.Collections.Concurrent;
using Freshet.Core.Wire.Auth;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>A server may ask for so many rounds of SCRAM's key derivation that a processor works on it for long: the
/// other clients of that loop go on meanwhile.</summary>
public sealed class KeyDerivationTests
{
    private const int ManyIterations = ScramClientExchange.MaximumIterations;

    [Fact]
    public void A_server_that_asks_for_a_million_iterations_holds_up_nobody_else()
    {
        var order = new ConcurrentQueue<string>();
        using var challenged = new ManualResetEventSlim();
        var verifier = ScramVerifier.FromPassword("secret"u8, "salt of a server"u8, ManyIterations);
        using var slow = new ScriptedServer(
            (session, _) =>
            {
                var scram = Challenge(session, verifier);
                challenged.Set();
                var proof = session.Expect('p').Body;
                order.Enqueue("the slow server has its answer");
                Assert.Equal(ScramResult.Success, scram.Respond(proof));
                session.Send(Request(12, scram.Output)).AcceptLogin().Serve("slow");
            }
        );
        using var quick = new ScriptedServer((session, _) => session.AcceptLogin().Serve("quick"));
        using var proxy = new OneLoopProxy(("slow", slow), ("quick", quick));

        using var patient = proxy.Connect("patient");
        using (proxy.HoldKeyDerivation())
        {
            patient.Send(Startup("slow"));
            Assert.True(challenged.Wait(WireStream.Patience));
            using var other = proxy.Connect("other").Login("wire", "quick");
            Assert.Equal("quick", other.Query("select 1"));
            order.Enqueue("the other client has its row");
        }

        patient.ReadUntilReady();
        Assert.Equal("slow", patient.Query("select 1"));
        Assert.Equal(["the other client has its row", "the slow server has its answer"], order);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_server_that_goes_away_while_its_keys_are_derived_leaves_nothing_behind(bool dies)
    {
        using var gone = new ManualResetEventSlim();
        var verifier = ScramVerifier.FromPassword("secret"u8, "salt of a server"u8, 4096);
        using var server = new ScriptedServer(
            (session, _) =>
            {
                Challenge(session, verifier);
                if (dies)
                {
                    session.Die();
                }
                else
                {
                    session.Dispose();
                }

                gone.Set();
            }
        );
        using var proxy = new OneLoopProxy(("app", server));
        using var client = proxy.Connect("client");
        using (proxy.HoldKeyDerivation())
        {
            client.Send(Startup("app"));
            Assert.True(gone.Wait(WireStream.Patience));
            if (dies)
            {
                Assert.Equal('E', client.ReadUntilClosed()?.Type); // a reset shows at once
            }
        }

        if (!dies)
        {
            Assert.Equal('E', client.ReadUntilClosed()?.Type);
        }

        proxy.AwaitKeyDerivation();
        Assert.Equal((0, 0, 0), (proxy.OpenServers, proxy.Loop.Buffers.LentBytes, proxy.Loop.BrokenInvariants));
    }

    /// <summary>The server's part of SCRAM up to its challenge.</summary>
    private static ScramServerExchange Challenge(ScriptedSession session, ScramVerifier verifier)
    {
        var scram = new ScramServerExchange(verifier, []);
        session.Send(Request(10, ScramServerExchange.MechanismList(channelBinding: false)));
        Assert.Equal(ScramResult.Continue, scram.Start(session.Expect('p').Body));
        session.Send(Request(11, scram.Output));
        return scram;
    }

    private static byte[] Request(int code, ReadOnlySpan<byte> data) =>
        new MessageWriter('R').Int32(code).Raw(data).ToArray();

    private static byte[] Startup(string database) =>
        Frontend.StartupMessage(Frontend.Version30, ("user", "wire"), ("database", database));
}
