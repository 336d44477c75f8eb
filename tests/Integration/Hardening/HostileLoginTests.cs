using System.Security.Cryptography;
using System.Text;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>A server that misbehaves while the proxy logs in to it: the client that waits is told why, and the proxy
/// holds nothing of it.</summary>
public sealed class HostileLoginTests
{
    private static readonly byte[] ScramOnly = new MessageWriter('R').Int32(10).Text("SCRAM-SHA-256").Int8(0).ToArray();

    private static Dictionary<string, Action<ScriptedSession>> Deeds { get; } =
        new(StringComparer.Ordinal)
        {
            ["dies at once"] = session => session.Die(),
            ["closes at once"] = _ => { },
            ["closes inside a message"] = session => session.Send(Backend.AuthenticationOk()[..6]),
            ["closes behind AuthenticationOk"] = session => session.Send(Backend.AuthenticationOk()),
            ["speaks another protocol"] = session => session.Send("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray()),
            ["announces a negative length"] = session => session.Send([(byte)'R', 0xff, 0xff, 0xff, 0xff]),
            ["announces a gigabyte"] = session => session.Send([(byte)'E', 0x40, 0, 0, 0]),
            ["asks for nothing"] = session => session.Send(new MessageWriter('R').ToArray()),
            ["asks for Kerberos"] = session => session.Send(new MessageWriter('R').Int32(2).ToArray()),
            ["asks for md5 with a short salt"] = session =>
                session.Send(new MessageWriter('R').Int32(5).Int8(1).ToArray()),
            ["is ready without authentication"] = session => session.Send(Backend.ReadyForQuery()),
            ["sends a row"] = session => session.Send(Backend.AuthenticationOk(), Backend.DataRow("1")),
            ["is ready in a transaction"] = session =>
                session.Send(Backend.AuthenticationOk(), Backend.ReadyForQuery('T')),
            ["sends a key of no length"] = session =>
                session.Send(Backend.AuthenticationOk(), new MessageWriter('K').ToArray(), Backend.ReadyForQuery()),
            ["sends a row behind its ready"] = session =>
                session.Send(Backend.AuthenticationOk(), Backend.ReadyForQuery(), Backend.DataRow("1")),
            ["sends half a message behind its ready"] = session =>
                session.Send(Backend.AuthenticationOk(), Backend.ReadyForQuery(), Backend.Notice("half")[..9]),
            ["sends an error of no fields"] = session => session.Send(new MessageWriter('E').ToArray()),
            ["sends an error without SQLSTATE"] = session =>
                session.Send(new MessageWriter('E').Int8('S').Text("FATAL").Int8('M').Text("no").Int8(0).ToArray()),
            ["sends an error without an end"] = session =>
                session.Send(new MessageWriter('E').Int8('S').Raw("FATAL"u8).ToArray()),
            ["names no SCRAM mechanism it knows"] = session =>
                session.Send(new MessageWriter('R').Int32(10).Text("SCRAM-SHA-1").Int8(0).ToArray()),
            ["goes on with a SCRAM that never began"] = session =>
                session.Send(new MessageWriter('R').Int32(11).Raw("r=x,s=eA==,i=1"u8).ToArray()),
            ["ends SCRAM without a proof"] = session => Scram(session, first => first, final: null),
            ["proves SCRAM wrongly"] = session =>
                Scram(session, first => first, final: "v=" + Convert.ToBase64String(new byte[32])),
            ["ends SCRAM with an error"] = session => Scram(session, first => first, final: "e=other-error"),
            ["sends another nonce"] = session => Scram(session, _ => "r=mine,s=c2FsdA==,i=4096", final: null),
            ["asks for two billion iterations"] = session =>
                Scram(session, first => first.Replace("4096", "2000000000", StringComparison.Ordinal), final: null),
            ["asks for minus one iteration"] = session =>
                Scram(session, first => first.Replace("4096", "-1", StringComparison.Ordinal), final: null),
            ["sends a salt that is none"] = session =>
                Scram(session, first => first.Replace("c2FsdA==", "!", StringComparison.Ordinal), final: null),
        };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Cases => [.. Deeds.Keys];

    [Theory, MemberData(nameof(Cases))]
    public async Task The_waiting_client_is_told(string deed)
    {
        using var server = new ScriptedServer(
            (session, _) =>
            {
                Deeds[deed](session);
                // Until the proxy leaves, if the deed was not to close: it must not wait for more.
                var isOver = deed.Contains("closes", StringComparison.Ordinal)
                    || deed.Contains("dies", StringComparison.Ordinal);
                while (!isOver && session.TryRead() is not null) { }
            }
        );
        await AssertRefusedAsync(server, "disable");
    }

    [Theory]
    [InlineData("S\u0016\u0003")]
    [InlineData("SE\0\0\0\u0004")]
    [InlineData("NR\0\0\0\u0008\0\0\0\0")]
    [InlineData("X")]
    [InlineData("E\0\0\0\u0009Mno\0\0")]
    [InlineData("SSSS this is no handshake at all, but it is long enough")]
    public async Task Bytes_stuffed_behind_the_answer_to_SSLRequest_end_the_connection(string answer)
    {
        using var server = new ScriptedServer((session, _) => session.AcceptLogin().Serve())
        {
            EncryptionAnswer = Encoding.Latin1.GetBytes(answer),
        };
        await AssertRefusedAsync(server, answer is ['N', ..] ? "prefer" : "require");
        Assert.Equal(0, server.Sessions);
    }

    [Fact]
    public async Task A_server_that_says_no_to_TLS_is_refused_where_TLS_is_required()
    {
        using var server = new ScriptedServer((session, _) => session.AcceptLogin().Serve());
        await AssertRefusedAsync(server, "require");
        Assert.Equal(0, server.Sessions);
    }

    private static async Task AssertRefusedAsync(ScriptedServer server, string sslMode)
    {
        await using var proxy = await GuardedProxy.StartAloneAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", server.Port, "wire", "wire", ""))
            {
                Configuration = $$"""
                    {
                      "url": "postgres://wire:secret@127.0.0.1:{{server.Port}}/wire?sslmode={{sslMode}}",
                      "auth": "trust", "pool": { "size": 1, "serverConnectTimeout": "2s" }
                    }
                    """,
            }
        );
        using (var client = proxy.Connect())
        {
            client.Send(Frontend.StartupMessage(Frontend.Version30, ("user", "wire"), ("database", "wire")));
            var last = client.ReadUntilClosed();
            Assert.True(last is { Type: 'E' }, $"{last}\n{proxy.Process.Output}");
            Assert.Equal(("FATAL", 5), (last.Field('S'), last.Field('C')?.Length));
            Assert.NotNull(last.Field('M'));
        }

        server.Dispose();
        await proxy.EndAsync();
        Assert.Equal(0, await proxy.MetricAsync("freshet_servers"));
        Assert.DoesNotContain("secret", proxy.Process.Output, StringComparison.Ordinal);
        Cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>A SCRAM exchange up to where <paramref name="serverFirst"/> or the final message spoils it, and then
    /// the login as if all had gone well.</summary>
    private static void Scram(ScriptedSession session, Func<string, string> serverFirst, string? final)
    {
        session.Send(ScramOnly);
        var clientFirst = Encoding.ASCII.GetString(session.Expect('p').Body);
        var nonce = clientFirst[(clientFirst.LastIndexOf("r=", StringComparison.Ordinal) + 2)..];
        var mine = Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));
        session.Send(Message(11, serverFirst($"r={nonce}{mine},s=c2FsdA==,i=4096")));
        if (session.TryRead() is not { Type: 'p' })
        {
            return;
        }

        if (final is not null)
        {
            session.Send(Message(12, final));
        }

        session.AcceptLogin();
    }

    private static byte[] Message(int request, string text) =>
        new MessageWriter('R').Int32(request).Raw(Encoding.ASCII.GetBytes(text)).ToArray();
}
