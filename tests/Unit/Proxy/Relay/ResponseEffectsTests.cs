using System.Buffers.Binary;
using System.Text;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Relay;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Statements;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Relay;

/// <summary>What an error undoes: the server skips to the next Sync, and so does what is known about it.</summary>
public sealed class ResponseEffectsTests : IDisposable
{
    private readonly ProxyScene _scene = new();
    private readonly ClientSession _client;
    private readonly ServerConnection _server;
    private readonly BackendRelay _relay;

    public ResponseEffectsTests()
    {
        (_client, _server) = _scene.NewPair();
        _relay = new BackendRelay(_server);
    }

    public void Dispose()
    {
        _scene.Drop(_client, _server);
        _scene.Dispose();
    }

    private void FromClient(MessageWriter messages)
    {
        byte[] bytes = messages.ToArray();
        Assert.Equal(bytes.Length, _client.Relay.Pump(bytes, out string? fault));
        Assert.Null(fault);
    }

    private string FromServer(params ReadOnlySpan<string> messages)
    {
        _scene.Collect();
        _scene.ToClient.Clear();
        var writer = new MessageWriter();
        foreach (string message in messages)
        {
            writer.Begin((byte)message[0]).Bytes(Encoding.Latin1.GetBytes(message[1..])).End();
        }

        byte[] data = writer.ToArray();
        var output = new RelayOutput(_client.Transport, data, _client.Loop.Staging);
        Assert.Equal(data.Length, _relay.Process(data, ref output, out _));
        Assert.True(output.Flush());
        _scene.Collect();
        return Types(_scene.ToClient);
    }

    private static string Types(List<byte> bytes)
    {
        var types = new StringBuilder();
        byte[] data = [.. bytes];
        for (int at = 0; at < data.Length;)
        {
            types.Append((char)data[at]);
            at += 1 + BinaryPrimitives.ReadInt32BigEndian(data.AsSpan(at + 1));
        }

        return types.ToString();
    }

    private static string Error(string sqlState) => $"ESERROR\0VERROR\0C{sqlState}\0Mno\0\0";

    private static MessageWriter Parse(MessageWriter writer, string name, string sql) =>
        writer.Begin(FrontendMessage.Parse).CString(name).CString(sql).Int16(0).End();

    private static MessageWriter Bind(MessageWriter writer, string name) =>
        writer.Begin(FrontendMessage.Bind).CString("").CString(name).Int16(0).Int16(0).Int16(0).End();

    private static MessageWriter Close(MessageWriter writer, string name) =>
        writer.Begin(FrontendMessage.Close).Byte((byte)'S').CString(name).End();

    private static MessageWriter Sync(MessageWriter writer) => writer.Begin(FrontendMessage.Sync).End();

    [Fact]
    public void A_refused_Parse_leaves_nothing_behind_on_either_side()
    {
        FromClient(Sync(Bind(Parse(new MessageWriter(), "a", "selekt"), "a")));
        Assert.Equal("EZ", FromServer(Error("42601"), "ZI"));
        Assert.Equal(0, _client.State.Statements!.Count);
        Assert.Equal(0, _server.Statements.Count);
        Assert.Equal(0, _server.Expected.Count);
    }

    [Fact]
    public void A_Close_that_was_skipped_gives_the_statement_back()
    {
        FromClient(Sync(Parse(new MessageWriter(), "a", "select 1")));
        Assert.Equal("1Z", FromServer("1", "ZI"));

        FromClient(Sync(Close(Bind(new MessageWriter(), "nobody"), "a")));
        Assert.Equal(0, _client.State.Statements!.Count);
        Assert.Equal("EZ", FromServer(Error("26000"), "ZI"));
        Assert.NotNull(_client.State.Statements.Find("a"u8));
    }

    [Fact]
    public void A_Parse_and_its_Close_that_were_both_skipped_leave_no_statement()
    {
        FromClient(Sync(Close(Parse(Bind(new MessageWriter(), "nobody"), "a", "select 1"), "a")));
        Assert.Equal("EZ", FromServer(Error("26000"), "ZI"));
        Assert.Equal(0, _client.State.Statements!.Count);
        Assert.Equal(0, _server.Statements.Count);
    }

    [Fact]
    public void A_Close_and_a_Parse_of_the_same_name_that_were_both_skipped_leave_the_first_statement()
    {
        FromClient(Sync(Parse(new MessageWriter(), "a", "select 1")));
        FromServer("1", "ZI");
        StatementEntry first = _client.State.Statements!.Find("a"u8)!.Entry;

        FromClient(Sync(Parse(Close(Bind(new MessageWriter(), "nobody"), "a"), "a", "select 2")));
        Assert.Equal("EZ", FromServer(Error("26000"), "ZI"));
        Assert.Same(first, _client.State.Statements.Find("a"u8)!.Entry);
        Assert.Equal(1, _server.Statements.Count);
        Assert.True(_server.Statements.Touch(first));
    }

    [Fact]
    public void Only_what_stands_before_the_Sync_is_undone()
    {
        FromClient(Sync(Parse(Sync(Parse(Bind(new MessageWriter(), "nobody"), "a", "select 1")), "", "select 2")));
        Assert.Equal("EZ1Z", FromServer(Error("26000"), "ZI", "1", "ZI"));
        Assert.Null(_client.State.Statements!.Find("a"u8));
        Assert.NotNull(_server.Statements.Unnamed);
        Assert.Equal(0, _server.Statements.Count);
    }

    [Fact]
    public void A_named_statement_waits_until_the_batches_before_it_cannot_take_anything_back()
    {
        byte[] failing = Sync(Parse(Bind(new MessageWriter(), "nobody"), "a", "select 1")).ToArray();
        byte[] next = Sync(Parse(new MessageWriter(), "a", "select 1")).ToArray();
        Assert.Equal(failing.Length, _client.Relay.Pump([.. failing, .. next], out _));
        Assert.True(_client.Relay.IsHeld);

        Assert.Equal("EZ", FromServer(Error("26000"), "ZI"));
        _client.Relay.OnServerProgress(_server);
        Assert.False(_client.Relay.IsHeld);
        Assert.Equal(next.Length, _client.Relay.Pump(next, out _));
        Assert.Equal("1Z", FromServer("1", "ZI"));
        Assert.NotNull(_client.State.Statements!.Find("a"u8));
        Assert.Equal(1, _server.Statements.Count);
    }

    [Fact]
    public void A_plan_that_no_longer_fits_is_prepared_again_by_the_next_Parse()
    {
        FromClient(Sync(Bind(Parse(new MessageWriter(), "a", "select * from t"), "a")));
        StatementEntry entry = _client.State.Statements!.Find("a"u8)!.Entry;
        Assert.Equal("1EZ", FromServer("1", Error("0A000"), "ZI"));
        Assert.Contains(entry, _server.Statements.Stale);

        FromClient(Sync(Parse(Close(new MessageWriter(), "a"), "b", "select * from t")));
        _scene.Collect();
        Assert.EndsWith("CPS", Types(_scene.ToServer), StringComparison.Ordinal);
        Assert.Equal("31Z", FromServer("3", "1", "ZI"));
        Assert.Empty(_server.Statements.Stale);
        Assert.True(_server.Statements.Touch(entry));
    }

    [Fact]
    public void A_skipped_renewal_of_a_stale_plan_is_still_due()
    {
        FromClient(Sync(Bind(Parse(new MessageWriter(), "a", "select * from t"), "a")));
        StatementEntry entry = _client.State.Statements!.Find("a"u8)!.Entry;
        FromServer("1", Error("0A000"), "ZI");

        FromClient(Sync(Parse(Bind(new MessageWriter(), "nobody"), "b", "select * from t")));
        Assert.Equal("EZ", FromServer(Error("26000"), "ZI"));
        Assert.Contains(entry, _server.Statements.Stale);
        Assert.True(_server.Statements.Touch(entry));
    }

    [Fact]
    public void A_name_given_twice_is_refused_in_the_clients_own_words()
    {
        FromClient(Sync(Parse(Parse(new MessageWriter(), "a", "select 1"), "a", "select 2")));
        Assert.Equal("1EZ", FromServer("1", Error("42P05"), "ZI"));
        string told = Encoding.Latin1.GetString([.. _scene.ToClient]);
        Assert.Contains("\"a\" already exists", told, StringComparison.Ordinal);
        Assert.NotNull(_client.State.Statements!.Find("a"u8));
    }

    [Fact]
    public void Another_sessions_unnamed_statement_is_closed_before_it_can_be_bound()
    {
        _server.Statements.Unnamed = AnswerScript.Entry("select secret", 99);
        FromClient(Sync(Bind(new MessageWriter(), "")));
        _scene.Collect();
        Assert.Equal("CBS", Types(_scene.ToServer));
        Assert.Equal("EZ", FromServer("3", Error("26000"), "ZI"));
        Assert.Null(_server.Statements.Unnamed);
    }

    [Fact]
    public void A_simple_query_makes_the_unnamed_statement_be_prepared_again()
    {
        FromClient(Sync(Parse(new MessageWriter(), "", "select 1")));
        FromServer("1", "ZI");
        _server.Statements.Unnamed = null; // as any simple query on the connection does
        FromClient(Sync(Bind(new MessageWriter(), "")));
        _scene.Collect();
        Assert.EndsWith("PBS", Types(_scene.ToServer), StringComparison.Ordinal);
        Assert.Equal("2Z", FromServer("1", "2", "ZI"));

        FromClient(new MessageWriter().Begin(FrontendMessage.Query).CString("select 1").End());
        Assert.Null(_server.Statements.Unnamed);
    }

    [Fact]
    public void DISCARD_ALL_and_DEALLOCATE_ALL_forget_what_was_prepared()
    {
        foreach (string tag in new[] { "DISCARD ALL", "DEALLOCATE ALL" })
        {
            FromClient(Sync(Parse(new MessageWriter(), "a", "select 1")));
            FromServer("1", "ZI");
            Assert.Equal(1, _server.Statements.Count);
            _server.Expected.Add(new ExpectedResponse(ExpectedKind.Query, ExpectedFlags.None, null));
            FromServer("C" + tag + "\0", "ZI");
            Assert.Equal(0, _server.Statements.Count);
            Assert.Equal(0, _client.State.Statements!.Count);
        }
    }

    [Fact]
    public void A_copy_that_fails_with_Syncs_on_the_way_leaves_the_connection_in_doubt()
    {
        FromClient(Sync(Sync(Bind(Parse(new MessageWriter(), "c", "copy t from stdin"), "c")
            .Begin(FrontendMessage.Execute).CString("").Int32(0).End())));
        Assert.Equal("12G", FromServer("1", "2", "G\0\0\0"));
        Assert.Equal(2, _server.CopyIn.IgnoredSyncs);
        Assert.Equal("E", FromServer(Error("22P04")));
        Assert.True(_server.CopyIn.Doubtful);
        Assert.False(_server.IsClean);
        Assert.Equal("Z", FromServer("ZI")); // perhaps one Sync was read after the copy
    }

    [Fact]
    public void A_copy_that_succeeds_leaves_no_doubt()
    {
        FromClient(Bind(Parse(new MessageWriter(), "c", "copy t from stdin"), "c")
            .Begin(FrontendMessage.Execute).CString("").Int32(0).End());
        FromServer("1", "2", "G\0\0\0");
        FromClient(Sync(
            new MessageWriter().Begin(FrontendMessage.CopyData).End().Begin(FrontendMessage.CopyDone).End()));
        Assert.Equal("CZ", FromServer("CCOPY 0\0", "ZI"));
        Assert.False(_server.CopyIn.Doubtful);
        Assert.Equal(0, _server.Expected.Count);
    }
}
