using System.Text;
using Freshet.Core.Sql;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Relay;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Statements;

namespace Freshet.Tests.Unit.Proxy.Relay;

/// <summary>A server's side of a conversation: the requests whose answers are due, the bytes that the server sends,
/// and of these and the proxy's own answers what the client must see.</summary>
internal sealed class AnswerScript
{
    private readonly List<byte> _sent = [];
    private readonly List<byte> _seen = [];

    public List<ExpectedResponse> Requests { get; } = [];

    public byte[] Sent => [.. _sent];

    public byte[] Seen => [.. _seen];

    public CountingOperation Operation { get; } = new();

    public static StatementEntry Entry(string sql, ulong id) =>
        new(Encoding.UTF8.GetBytes(sql + "\0\0\0"), id, StatementTraits.None);

    public static byte[] Message(byte type, ReadOnlySpan<byte> body) =>
        new MessageWriter(body.Length + 8).Begin(type).Bytes(body).End().ToArray();

    /// <summary>Every kind of answer, with notices and parameter statuses in odd places.</summary>
    public static AnswerScript Everything(int large, Random random)
    {
        var script = new AnswerScript();
        script.SimpleQueries(large, random);
        script.PreparedStatements(large, random);
        script.OwnQueries(large, random);
        script.Copies(large, random);
        script.Failures(large);
        return script;
    }

    public AnswerScript Ask(ExpectedKind kind, ExpectedFlags flags = ExpectedFlags.None, object? reference = null)
    {
        Requests.Add(new ExpectedResponse(kind, flags, reference));
        return this;
    }

    /// <summary>The server sends it and the client sees it.</summary>
    public AnswerScript Say(byte type, ReadOnlySpan<byte> body = default)
    {
        byte[] message = Message(type, body);
        _sent.AddRange(message);
        _seen.AddRange(message);
        return this;
    }

    /// <summary>The server sends it and the client does not see it.</summary>
    public AnswerScript Hide(byte type, ReadOnlySpan<byte> body = default)
    {
        _sent.AddRange(Message(type, body));
        return this;
    }

    /// <summary>The proxy says it.</summary>
    public AnswerScript Own(byte type, ReadOnlySpan<byte> body = default)
    {
        _seen.AddRange(Message(type, body));
        return this;
    }

    private static byte[] Some(int length, Random random)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Error(string sqlState, int length) =>
        Encoding.ASCII.GetBytes($"SERROR\0C{sqlState}\0M{new string('x', length)}\0\0");

    private AnswerScript Notice(int length, Random random) =>
        Say(BackendMessage.NoticeResponse, [.. "SNOTICE\0M"u8, .. Some(length, random)]);

    private AnswerScript Status(ReadOnlySpan<byte> pair) => Say(BackendMessage.ParameterStatus, pair);

    private AnswerScript Ready(char status) => Say(BackendMessage.ReadyForQuery, [(byte)status]);

    private void SimpleQueries(int large, Random random) =>
        Ask(ExpectedKind.Query).Notice(0, random).Say(BackendMessage.RowDescription, Some(40, random))
            .Say(BackendMessage.DataRow).Say(BackendMessage.DataRow, Some(large, random)).Notice(large, random)
            .Say(BackendMessage.DataRow, Some(9, random)).Status("DateStyle\0ISO\0"u8)
            .Say(BackendMessage.CommandComplete, "SELECT 3\0"u8).Status("TimeZone\0UTC\0"u8).Ready('I')
            .Notice(3, random).Status("TimeZone\0CET\0"u8)
            .Ask(ExpectedKind.Query).Say(BackendMessage.EmptyQueryResponse).Ready('I')
            .Ask(ExpectedKind.FunctionCall).Say(BackendMessage.FunctionCallResponse, Some(large, random)).Ready('I')
            .Ask(ExpectedKind.Query).Say(BackendMessage.CommandComplete, "BEGIN\0"u8)
            .Say(BackendMessage.NotificationResponse, "\0\0\0\u0001a\0b\0"u8)
            .Say(BackendMessage.CommandComplete, "INSERT 0 1\0"u8).Ready('T')
            .Ask(ExpectedKind.Query).Say(BackendMessage.CommandComplete, "COMMIT\0"u8).Ready('I');

    private void PreparedStatements(int large, Random random)
    {
        StatementEntry entry = Entry("select 1", 1);
        var statement = new ClientStatement("a"u8.ToArray(), entry);
        Ask(ExpectedKind.Parse, ExpectedFlags.None, statement).Say(BackendMessage.ParseComplete).Notice(1, random)
            .Ask(ExpectedKind.DescribeStatement, ExpectedFlags.None, entry)
            .Say(BackendMessage.ParameterDescription, Some(6, random)).Say(BackendMessage.NoData)
            .Ask(ExpectedKind.Bind, ExpectedFlags.None, entry).Say(BackendMessage.BindComplete)
            .Ask(ExpectedKind.DescribePortal).Say(BackendMessage.RowDescription, Some(large, random))
            .Ask(ExpectedKind.Execute).Say(BackendMessage.DataRow, Some(large, random))
            .Say(BackendMessage.PortalSuspended)
            .Ask(ExpectedKind.Parse, ExpectedFlags.Local, statement).Own(BackendMessage.ParseComplete)
            .Ask(ExpectedKind.Close, ExpectedFlags.Local, statement).Own(BackendMessage.CloseComplete)
            .Ask(ExpectedKind.Execute).Say(BackendMessage.CommandComplete, "SELECT 1\0"u8)
            .Ask(ExpectedKind.Parse, ExpectedFlags.Local, statement).Own(BackendMessage.ParseComplete)
            .Ask(ExpectedKind.Sync).Ready('I');
        Ask(ExpectedKind.Close, ExpectedFlags.Swallow | ExpectedFlags.Evict, entry).Hide(BackendMessage.CloseComplete)
            .Ask(ExpectedKind.Parse, ExpectedFlags.Swallow, entry)
            .Hide(BackendMessage.NoticeResponse, Some(3, random)).Hide(BackendMessage.ParseComplete)
            .Ask(ExpectedKind.Bind, ExpectedFlags.None, entry).Say(BackendMessage.BindComplete)
            .Ask(ExpectedKind.Execute).Say(BackendMessage.EmptyQueryResponse)
            .Ask(ExpectedKind.Close).Say(BackendMessage.CloseComplete)
            .Ask(ExpectedKind.Sync).Ready('I');
    }

    private void OwnQueries(int large, Random random) =>
        Ask(ExpectedKind.Query, ExpectedFlags.Swallow, Operation)
            .Hide(BackendMessage.RowDescription, Some(50, random)).Hide(BackendMessage.DataRow, Some(12, random))
            .Hide(BackendMessage.DataRow, Some(Math.Min(large, 60_000), random))
            .Say(BackendMessage.NotificationResponse, "\0\0\0\u0001a\0b\0"u8)
            .Hide(BackendMessage.CommandComplete, "SELECT 2\0"u8).Hide(BackendMessage.ReadyForQuery, "I"u8)
            .Ask(ExpectedKind.Query, ExpectedFlags.Swallow)
            .Hide(BackendMessage.ErrorResponse, "SERROR\0C42P05\0Mthere\0\0"u8)
            .Hide(BackendMessage.ReadyForQuery, "I"u8);

    private void Copies(int large, Random random) =>
        Ask(ExpectedKind.Query).Say(BackendMessage.CopyOutResponse, Some(5, random))
            .Say(BackendMessage.CopyData, Some(large, random)).Say(BackendMessage.CopyData)
            .Say(BackendMessage.CopyData, Some(1, random)).Say(BackendMessage.CopyDone)
            .Say(BackendMessage.CommandComplete, "COPY 3\0"u8).Ready('I')
            .Ask(ExpectedKind.Query).Ask(ExpectedKind.CopyEnd, ExpectedFlags.Local)
            .Say(BackendMessage.CopyInResponse, Some(5, random)).Notice(large, random)
            .Say(BackendMessage.CommandComplete, "COPY 3\0"u8).Ready('I')
            .Ask(ExpectedKind.Bind).Say(BackendMessage.BindComplete)
            .Ask(ExpectedKind.Execute).Say(BackendMessage.CopyBothResponse, Some(3, random))
            .Say(BackendMessage.CommandComplete, "COPY 0\0"u8).Ask(ExpectedKind.Sync).Ready('I');

    private void Failures(int large)
    {
        StatementEntry entry = Entry("select 2", 2);
        var statement = new ClientStatement("twice"u8.ToArray(), entry);
        Ask(ExpectedKind.Query)
            .Say(BackendMessage.ErrorResponse, Error("22012", large)).Ready('E')
            .Ask(ExpectedKind.Bind).Ask(ExpectedKind.Execute).Ask(ExpectedKind.Parse, ExpectedFlags.Local, statement)
            .Ask(ExpectedKind.Sync)
            .Say(BackendMessage.ErrorResponse, "SERROR\0C25P02\0Maborted\0\0"u8).Ready('E')
            .Ask(ExpectedKind.Query).Say(BackendMessage.CommandComplete, "ROLLBACK\0"u8).Ready('I');
        Ask(ExpectedKind.Parse, ExpectedFlags.DuplicateName, statement).Ask(ExpectedKind.Bind).Ask(ExpectedKind.Sync)
            .Hide(BackendMessage.ErrorResponse, Error("42P05", large));
        _seen.AddRange(ClientErrors.DuplicateStatement("twice"));
        Ready('I');
    }

    internal sealed class CountingOperation : ServerOperation
    {
        public List<int> Rows { get; } = [];

        public override string Sql => "";

        public override void OnRow(ReadOnlySpan<byte> body) => Rows.Add(body.Length);

        public override void Completed(ServerConnection server) => Rows.Add(-1);
    }
}
