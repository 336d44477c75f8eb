using System.Globalization;
using System.Text;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Relay;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Relay;

/// <summary>Client to server as a codec: what the server gets, and what is known afterwards, does not depend on how
/// the bytes arrive.</summary>
public sealed class FrontendRelaySplitTests : IDisposable
{
    private readonly ProxyScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData((int)PoolMode.Transaction)]
    [InlineData((int)PoolMode.Session)]
    public void Every_split_point_gives_the_same_output_and_state(int mode)
    {
        byte[] stream = Conversation(new Random(1), 37);
        string whole = Run(stream, Pieces.Whole(stream.Length), (PoolMode)mode);
        foreach (int[] cuts in Pieces.EverySplit(stream.Length))
        {
            Assert.Equal(whole, Run(stream, cuts, (PoolMode)mode));
        }
    }

    [Theory]
    [InlineData((int)PoolMode.Transaction)]
    [InlineData((int)PoolMode.Session)]
    public void Messages_up_to_100_KB_and_longer_texts_in_random_pieces_give_the_same(int mode)
    {
        var random = new Random(2);
        int[] sizes = [0, 1, 8_000, 65_500, 65_536, 100_000, 200_000, 262_144, 300_000];
        foreach (int size in sizes)
        {
            byte[] stream = Conversation(random, size);
            string whole = Run(stream, Pieces.Whole(stream.Length), (PoolMode)mode);
            for (int round = 0; round < 4; round++)
            {
                Assert.Equal(whole, Run(stream, Pieces.Random(stream.Length, random), (PoolMode)mode));
            }
        }
    }

    [Fact]
    public void In_session_mode_every_byte_goes_through_as_it_came()
    {
        byte[] stream = Conversation(new Random(3), 70_000);
        (ClientSession client, ServerConnection server) = _scene.NewPair(PoolMode.Session);
        Feed(client, stream, Pieces.Whole(stream.Length));
        Assert.True(stream.AsSpan().SequenceEqual(_scene.ToServer.ToArray()));
        _scene.Drop(client, server);
    }

    [Fact]
    public void Names_of_statements_are_exchanged_and_nothing_else()
    {
        (ClientSession client, ServerConnection server) = _scene.NewPair();
        byte[] stream = new MessageWriter()
            .Begin(FrontendMessage.Parse).CString("a").CString("select $1").Int16(1).Int32(23).End()
            .Begin(FrontendMessage.Describe).Byte((byte)'S').CString("a").End()
            .Begin(FrontendMessage.Bind).CString("p").CString("a").Int16(0).Int16(0).Int16(0).End()
            .Begin(FrontendMessage.Describe).Byte((byte)'P').CString("p").End()
            .Begin(FrontendMessage.Execute).CString("p").Int32(0).End()
            .Begin(FrontendMessage.Sync).End().ToArray();
        Feed(client, stream, []);

        string sent = Encoding.Latin1.GetString([.. _scene.ToServer]);
        const string Name = "_fs1";
        byte[] expected = new MessageWriter()
            .Begin(FrontendMessage.Parse).CString(Name).CString("select $1").Int16(1).Int32(23).End()
            .Begin(FrontendMessage.Describe).Byte((byte)'S').CString(Name).End()
            .Begin(FrontendMessage.Bind).CString("p").CString(Name).Int16(0).Int16(0).Int16(0).End()
            .Begin(FrontendMessage.Describe).Byte((byte)'P').CString("p").End()
            .Begin(FrontendMessage.Execute).CString("p").Int32(0).End()
            .Begin(FrontendMessage.Sync).End().ToArray();
        Assert.Equal(Encoding.Latin1.GetString(expected), sent);
        Assert.Equal(6, server.Expected.Count);
        _scene.Drop(client, server);
    }

    [Theory]
    [InlineData("\u0001\0\0\0\u0004")]
    [InlineData("S\0\0\0\u0003")]
    [InlineData("S\u007f\u00ff\u00ff\u00ff")]
    [InlineData("Q\u00ff\u00ff\u00ff\u00ff")]
    [InlineData("D\0\0\u0028\0")]
    public void A_client_that_breaks_the_protocol_is_found_out_and_nothing_of_it_is_sent(string message)
    {
        (ClientSession client, ServerConnection server) = _scene.NewPair();
        _ = client.Relay.Pump(Encoding.Latin1.GetBytes(message), out string? fault);
        Assert.NotNull(fault);
        _scene.Collect();
        Assert.Empty(_scene.ToServer);
        _scene.Drop(client, server);
    }

    /// <summary>Every kind of message that a client may send, but for the texts that wait for answers.</summary>
    private static byte[] Conversation(Random random, int large)
    {
        string filler = new('x', large);
        byte[] bytes = new byte[large];
        random.NextBytes(bytes);
        var writer = new MessageWriter(large * 8 + 4096);
        writer.Begin(FrontendMessage.Query).CString("select 1").End()
            .Begin(FrontendMessage.Query).CString($"select '{filler}'; listen a").End()
            .Begin(FrontendMessage.Parse).CString("a").CString("select $1").Int16(1).Int32(23).End()
            .Begin(FrontendMessage.Parse).CString("b").CString($"load 'l'; select '{filler}'").Int16(0).End()
            .Begin(FrontendMessage.Parse).CString("").CString("select 2").Int16(0).End()
            .Begin(FrontendMessage.Bind).CString("").CString("a").Int16(0).Int16(1).Int32(bytes.Length).Bytes(bytes)
            .Int16(0).End()
            .Begin(FrontendMessage.Describe).Byte((byte)'P').CString("").End()
            .Begin(FrontendMessage.Execute).CString("").Int32(0).End()
            .Begin(FrontendMessage.Flush).End()
            .Begin(FrontendMessage.Bind).CString("q").CString("").Int16(0).Int16(0).Int16(0).End()
            .Begin(FrontendMessage.Describe).Byte((byte)'S').CString("a").End()
            .Begin(FrontendMessage.Close).Byte((byte)'P').CString("q").End()
            .Begin(FrontendMessage.Parse).CString("a2").CString("select $1").Int16(1).Int32(23).End()
            .Begin(FrontendMessage.Bind).CString("").CString("a2").Int16(0).Int16(0).Int16(0).End()
            .Begin(FrontendMessage.Close).Byte((byte)'S').CString("a").End()
            .Begin(FrontendMessage.Execute).CString("").Int32(1).End()
            .Begin(FrontendMessage.Close).Byte((byte)'S').CString("unknown").End()
            .Begin(FrontendMessage.Sync).End()
            .Begin(FrontendMessage.FunctionCall).Int32(1).Bytes(bytes).End()
            .Begin(FrontendMessage.Query).CString("copy t from stdin").End()
            .Begin(FrontendMessage.CopyData).Bytes(bytes).End()
            .Begin(FrontendMessage.CopyData).End()
            .Begin(FrontendMessage.CopyDone).End()
            .Begin(FrontendMessage.CopyFail).CString("no").End()
            .Begin(FrontendMessage.Query).CString("set my.x to 'é'").End()
            .Begin(FrontendMessage.Sync).End();
        return writer.ToArray();
    }

    private string Run(byte[] stream, int[] cuts, PoolMode mode)
    {
        (ClientSession client, ServerConnection server) = _scene.NewPair(mode);
        Feed(client, stream, cuts);
        string state = Describe(client, server, _scene.ToServer);
        _scene.Drop(client, server);
        return state;
    }

    private void Feed(ClientSession client, byte[] stream, int[] cuts)
    {
        int left = Pieces.Feed(stream, cuts, data =>
        {
            int used = client.Relay.Pump(data, out string? fault);
            Assert.Null(fault);
            Assert.False(client.IsClosed);
            Assert.False(client.Server!.Transport!.HasBacklog);
            _scene.Collect();
            return used;
        });
        Assert.Equal(0, left);
        Assert.False(client.Relay.MidMessage);
        _scene.Collect();
    }

    private static string Describe(ClientSession client, ServerConnection server, List<byte> sent)
    {
        List<string> due = [];
        while (server.Expected.Count > 0)
        {
            ExpectedResponse expected = server.Expected.Take();
            due.Add($"{expected.Kind}/{expected.Flags}");
        }

        return string.Join(' ', [
            Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(sent.ToArray())),
            sent.Count.ToString(CultureInfo.InvariantCulture),
            .. due,
            (client.State.Statements?.Count ?? 0).ToString(CultureInfo.InvariantCulture),
            server.Statements.Count.ToString(CultureInfo.InvariantCulture),
            server.Statements.Unnamed is null ? "no unnamed" : "unnamed",
            client.State.Pins.ToString(),
            client.State.Pending.ToString(),
            client.State.LoneSetting?.ToString() ?? "",
            client.State.Unclean ? "unclean" : "",
            server.OpenBatch ? "open" : "",
            client.Relay.IsHeld ? "held" : "",
            server.CopyIn.Receiving ? "copying" : "",
        ]);
    }
}
