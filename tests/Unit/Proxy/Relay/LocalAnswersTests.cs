using System.Text;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Relay;
using Freshet.Server.Proxy.State;
using Freshet.Server.Proxy.Statements;
using Freshet.Server.Proxy.Transport;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Relay;

/// <summary>What is answered to a client without a server connection.</summary>
public sealed class LocalAnswersTests : IDisposable
{
    private readonly ProxyScene _scene = new();
    private readonly ClientSession _client;

    public LocalAnswersTests() => _client = _scene.NewClient();

    public void Dispose() => _scene.Dispose();

    private (string Answer, int Used, bool NeedsServer) Take(MessageWriter messages)
    {
        int used = _client.Relay.Local.Take(messages.Written, out bool needsServer, out string? fault);
        Assert.Null(fault);
        _scene.Collect();
        string answer = Encoding.Latin1.GetString([.. _scene.ToClient]);
        _scene.ToClient.Clear();
        return (answer, used, needsServer);
    }

    private static MessageWriter Query(string sql) =>
        new MessageWriter().Begin(FrontendMessage.Query).CString(sql).End();

    [Fact]
    public void A_Sync_at_rest_is_answered_and_a_Flush_needs_no_answer()
    {
        MessageWriter messages = new MessageWriter().Begin(FrontendMessage.Flush).End()
            .Begin(FrontendMessage.Sync).End().Begin(FrontendMessage.Sync).End();
        Assert.Equal(("Z\0\0\0\u0005IZ\0\0\0\u0005I", 15, false), Take(messages));
    }

    [Fact]
    public void Stray_copy_data_is_skipped_whatever_its_size_and_cut()
    {
        byte[] stream = new MessageWriter().Begin(FrontendMessage.CopyData).Bytes(new byte[3_000]).End()
            .Begin(FrontendMessage.CopyDone).End().Begin(FrontendMessage.CopyFail).CString("x").End()
            .Begin(FrontendMessage.Sync).End().ToArray();
        foreach (int[] cuts in Pieces.EverySplit(stream.Length))
        {
            int left = Pieces.Feed(stream, cuts, data =>
            {
                int used = _client.Relay.Local.Take(data, out bool needsServer, out string? fault);
                Assert.False(needsServer);
                Assert.Null(fault);
                return used;
            });
            Assert.Equal(0, left);
            _scene.Collect();
            Assert.Equal("Z\0\0\0\u0005I", Encoding.Latin1.GetString([.. _scene.ToClient]));
            _scene.ToClient.Clear();
        }
    }

    [Fact]
    public void Closing_a_statement_forgets_it_and_closing_one_that_is_not_there_is_no_error()
    {
        ClientStatements statements = _client.State.NeedStatements();
        statements.Add(new ClientStatement("a"u8.ToArray(), AnswerScript.Entry("select 1", 1)));
        statements.Unnamed = AnswerScript.Entry("select 2", 2);
        MessageWriter messages = new MessageWriter();
        foreach (string name in new[] { "a", "", "nobody" })
        {
            messages.Begin(FrontendMessage.Close).Byte((byte)'S').CString(name).End();
        }

        (string answer, _, bool needsServer) = Take(messages);
        Assert.Equal("3\0\0\0\u00043\0\0\0\u00043\0\0\0\u0004", answer);
        Assert.False(needsServer);
        Assert.Equal(0, statements.Count);
        Assert.Null(statements.Unnamed);
    }

    [Fact]
    public void A_malformed_Close_or_one_of_SQLs_PREPARE_goes_to_a_server()
    {
        _client.State.NeedStatements().Sql = new(StringComparer.Ordinal) { ["p"] = [] };
        foreach (char kind in "S?")
        {
            MessageWriter close = new MessageWriter().Begin(FrontendMessage.Close).Byte((byte)kind).CString("p").End();
            Assert.True(Take(close).NeedsServer);
        }

        Assert.True(Take(new MessageWriter().Begin(FrontendMessage.Close).End()).NeedsServer);
    }

    [Fact]
    public void Everything_else_goes_to_a_server_and_nothing_of_it_is_used()
    {
        MessageWriter messages = new MessageWriter().Begin(FrontendMessage.Sync).End().Bytes(Query("select 1").Written);
        Assert.Equal(("Z\0\0\0\u0005I", 5, true), Take(messages));
    }

    [Fact]
    public void A_rejected_session_hears_one_error_for_each_statement_and_goes_on()
    {
        byte[] error = ClientErrors.Protocol("no");
        string text = Encoding.Latin1.GetString(error);
        _client.Relay.Local.Reject(error);
        MessageWriter batch = new MessageWriter()
            .Begin(FrontendMessage.Parse).CString("").CString("select 1").Int16(0).End()
            .Begin(FrontendMessage.Execute).CString("").Int32(0).End().Begin(FrontendMessage.Sync).End();
        Assert.Equal((text + "Z\0\0\0\u0005I", batch.Written.Length, false), Take(batch));
        Assert.True(Take(Query("select 1")).NeedsServer);

        _client.Relay.Local.Reject(error);
        Assert.Equal(text + "Z\0\0\0\u0005I", Take(Query("select 1")).Answer);
    }

    [Theory]
    [InlineData("reset all")]
    [InlineData("RESET role;")]
    [InlineData("discard all")]
    public void A_rejected_session_can_go_back_to_the_settings_of_its_start(string sql)
    {
        var baseline = SettingsSet.Of([new("x", "1")]);
        _client.State.Baseline = baseline;
        _client.State.Settings = SettingsSet.Of([new("role", "gone")]);
        _client.Relay.Local.Reject(ClientErrors.Protocol("no"));
        (string answer, _, bool needsServer) = Take(Query(sql));
        Assert.Empty(answer);
        Assert.True(needsServer);
        Assert.Same(baseline, _client.State.Settings);
    }

    [Fact]
    public void Terminate_closes_and_garbage_is_a_fault()
    {
        _ = _client.Relay.Local.Take("\u0001\0\0\0\u0004"u8, out _, out string? fault);
        Assert.NotNull(fault);
        ClientSession leaving = new(_scene.Proxy, _scene.Proxy.Loops[0], new WireTransport(-1));
        _ = leaving.Relay.Local.Take("X\0\0\0\u0004"u8, out bool needsServer, out fault);
        Assert.Null(fault);
        Assert.False(needsServer);
        Assert.True(leaving.IsClosed);
    }
}
