using System.Globalization;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Relay;
using Freshet.Server.Proxy.Servers;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Relay;

/// <summary>Server to client as a codec: what comes out, and what is known afterwards, does not depend on how the
/// bytes arrive.</summary>
public sealed class BackendRelaySplitTests : IDisposable
{
    private readonly ProxyScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public void Every_split_point_gives_the_same_output_and_state()
    {
        AnswerScript script = AnswerScript.Everything(37, new Random(1));
        string whole = Run(script, Pieces.Whole(script.Sent.Length));
        foreach (int[] cuts in Pieces.EverySplit(script.Sent.Length))
        {
            Assert.Equal(whole, Run(script, cuts));
        }
    }

    [Fact]
    public void Byte_by_byte_gives_the_same_output_and_state()
    {
        AnswerScript script = AnswerScript.Everything(300, new Random(2));
        string whole = Run(script, Pieces.Whole(script.Sent.Length));
        Assert.Equal(whole, Run(script, [.. Enumerable.Range(1, script.Sent.Length - 1)]));
    }

    [Fact]
    public void Messages_up_to_100_KB_in_random_pieces_give_the_same_output_and_state()
    {
        var random = new Random(3);
        int[] sizes = [0, 1, 4_090, 4_096, 65_530, 65_536, 100_000];
        foreach (int size in sizes)
        {
            AnswerScript script = AnswerScript.Everything(size, random);
            string whole = Run(script, Pieces.Whole(script.Sent.Length));
            for (int round = 0; round < 6; round++)
            {
                Assert.Equal(whole, Run(script, Pieces.Random(script.Sent.Length, random)));
            }
        }
    }

    [Theory]
    [InlineData("D\0\0\0\u0003")]
    [InlineData("D\u00ff\u00ff\u00ff\u00ff")]
    [InlineData("D\u007f\u00ff\u00ff\u00ff")]
    [InlineData("S\0\u0001\0\0")]
    [InlineData("1\0\0\0\u0004")]
    [InlineData("Z\0\0\0\u0005I")]
    [InlineData("Z\0\0\0\u0004")]
    public void A_server_that_breaks_the_protocol_is_found_out(string message)
    {
        (ClientSession client, ServerConnection server) = _scene.NewPair();
        var relay = new BackendRelay(server);
        byte[] bytes = System.Text.Encoding.Latin1.GetBytes(message);
        var output = new RelayOutput(client.Transport, bytes, client.Loop.Staging);

        Assert.Equal(-1, relay.Process(bytes, ref output, out string? fault));
        Assert.NotNull(fault);
        _scene.Collect();
        Assert.Empty(_scene.ToClient);
        _scene.Drop(client, server);
    }

    /// <summary>Relays the script and compares what the client got; the state at the end as text.</summary>
    private string Run(AnswerScript script, int[] cuts)
    {
        (ClientSession client, ServerConnection server) = _scene.NewPair();
        client.State.NeedStatements();
        foreach (ExpectedResponse request in script.Requests)
        {
            server.Expected.Add(request);
        }

        script.Operation.Rows.Clear();
        var relay = new BackendRelay(server);
        int left = Pieces.Feed(script.Sent, cuts, data =>
        {
            var output = new RelayOutput(client.Transport, data, client.Loop.Staging);
            int used = relay.Process(data, ref output, out string? fault);
            Assert.Null(fault);
            Assert.True(output.Flush());
            _scene.Collect();
            return used;
        });

        Assert.Equal(0, left);
        Assert.True(script.Seen.AsSpan().SequenceEqual(_scene.ToClient.ToArray()), "the client saw something else");
        string state = Describe(client, server, relay, script);
        _scene.Drop(client, server);
        return state;
    }

    private static string Describe(
        ClientSession client, ServerConnection server, BackendRelay relay, AnswerScript script) =>
        string.Join(' ', [
            server.Expected.Count.ToString(CultureInfo.InvariantCulture),
            server.Status.ToString(),
            relay.MidMessage ? "mid-message" : "at rest",
            server.CopyIn.Receiving ? "copying" : "",
            server.CopyIn.Doubtful ? "doubtful" : "",
            server.CloseWhenReleased ? "closing" : "",
            client.State.SawError ? "error" : "",
            ReferenceEquals(server.CompletedOperation, script.Operation) ? "operated" : "",
            string.Join(',', script.Operation.Rows),
            string.Join(',', server.Settings.Settings.ToArray().Select(setting => setting.ToString())),
            string.Join(',', client.State.Settings.Settings.ToArray().Select(setting => setting.ToString())),
            server.Statements.Count.ToString(CultureInfo.InvariantCulture),
            client.State.Statements!.Count.ToString(CultureInfo.InvariantCulture),
        ]);
}
