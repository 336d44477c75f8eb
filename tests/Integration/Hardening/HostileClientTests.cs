using System.Text;
using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>A client that breaks the protocol, at every stage of its session: it is told so with an SQLSTATE and cut
/// off, the others go on, nothing is left behind.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class HostileClientTests(TestServers servers)
{
    private static readonly byte[] TlsHello = [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00];

    /// <summary>What is no message of a session, by name.</summary>
    private static Dictionary<string, byte[]> Garbage { get; } =
        new(StringComparer.Ordinal)
        {
            ["an unknown type"] = [1, 0, 0, 0, 4],
            ["a length of three"] = [(byte)'Q', 0, 0, 0, 3],
            ["a length of zero"] = [(byte)'S', 0, 0, 0, 0],
            ["a negative length"] = [(byte)'Q', 0xff, 0xff, 0xff, 0xff],
            ["a query of two gigabytes"] = [(byte)'Q', 0x7f, 0xff, 0xff, 0xff],
            ["a sync of twenty kilobytes"] = [(byte)'S', 0, 0, 0x4e, 0x20],
            ["a password out of place"] = PasswordMessage("x"),
            ["another protocol"] = Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            ["a second startup"] = StartupMessage(Version30, ("user", "wire")),
            ["a TLS handshake"] = TlsHello,
        };

    private static Dictionary<string, Action<WireClient>> Stages { get; } =
        new(StringComparer.Ordinal)
        {
            ["idle"] = _ => { },
            ["in a transaction"] = client => client.Query("begin"),
            ["in a failed transaction"] = client =>
            {
                client.Query("begin");
                client.Query("select 1/0");
            },
            ["in a query"] = client => client.Send(Query("select pg_sleep(0.3)")),
            ["in an open batch"] = client =>
            {
                client.Send(Parse("s", "select 1"), Bind("", "s"), Flush());
                client.ReadUntil('2');
            },
            ["after an error in a batch"] = client =>
            {
                client.Send(Parse("", "select nonsense"), Flush());
                client.ReadUntil('E');
            },
            ["in copy in"] = client =>
            {
                client.Send(Query("copy pg_temp.t from stdin"));
                client.ReadUntil('G');
                client.Send(CopyData("1\n"));
            },
        };

    public static TheoryData<bool, string> Cases
    {
        get
        {
            var cases = new TheoryData<bool, string>();
            foreach (var stage in Stages.Keys)
            {
                cases.Add(true, stage);
                cases.Add(false, stage);
            }

            return cases;
        }
    }

    /// <summary>First packets that no startup is, with the SQLSTATE that answers them.</summary>
    private static Dictionary<string, (byte[] Bytes, string SqlState)> Startups { get; } =
        new(StringComparer.Ordinal)
        {
            ["a length of seven"] = ([0, 0, 0, 7, 0, 3, 0], "08P01"),
            ["a negative length"] = ([0xff, 0xff, 0xff, 0xff], "08P01"),
            ["a length above ten thousand"] = ([0, 0, 0x27, 0x11], "08P01"),
            ["another protocol"] = (Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"), "08P01"),
            ["a TLS handshake where there is no TLS"] = (TlsHello, "08P01"),
            ["protocol 2.0"] = ([0, 0, 0, 8, 0, 2, 0, 0], "0A000"),
            ["protocol 4.0"] = (StartupMessage(0x0004_0000, ("user", "wire")), "0A000"),
            ["no user"] = (StartupMessage(Version30, ("database", "wire")), "08P01"),
            ["no end of the list"] = ([0, 0, 0, 14, 0, 3, 0, 0, .. "user\0x"u8], "08P01"),
            ["a name without a value"] = ([0, 0, 0, 14, 0, 3, 0, 0, .. "user\0\0"u8], "08P01"),
            ["bytes behind an SSLRequest"] =
                ([.. SslRequest(), .. StartupMessage(Version30, ("user", "wire"))], "08P01"),
            ["bytes behind a GSSENCRequest"] =
                ([.. GssEncRequest(), .. StartupMessage(Version30, ("user", "wire"))], "08P01"),
        };

    public static TheoryData<string> StartupCases => [.. Startups.Keys];

    [Theory, MemberData(nameof(Cases))]
    public async Task Garbage_is_answered_with_a_protocol_violation(bool session, string stage)
    {
        await using var proxy = await GuardedProxy.StartAsync(Options(session));
        foreach (var (name, bytes) in Garbage)
        {
            using var client = proxy.Login(name);
            client.Query("create temporary table if not exists t (i int)");
            Stages[stage](client);
            client.Send(bytes);
            var last = client.ReadUntilClosed();
            Assert.True(last is { Type: 'E' }, $"{name}: {last}");
            Assert.Equal(("FATAL", "08P01"), (last.Field('S'), last.Field('C')));
        }

        await proxy.EndAsync();
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task A_message_cut_off_by_the_end_of_the_connection_leaves_nothing(bool session, string stage)
    {
        await using var proxy = await GuardedProxy.StartAsync(Options(session));
        foreach (var whole in (byte[][])[Query("select 'cut'"), Parse("p", "select 1"), Bind("", "p"), CopyData("1\n")])
        {
            foreach (var length in (int[])[1, 4, 5, whole.Length - 1])
            {
                using var client = proxy.Login();
                client.Query("create temporary table if not exists t (i int)");
                Stages[stage](client);
                client.Send(whole[..length]);
                if (length is 4)
                {
                    client.Abort();
                }
            }
        }

        await proxy.EndAsync();
    }

    [Theory, MemberData(nameof(StartupCases))]
    public async Task A_wrong_first_packet_is_answered_with_its_error(string name)
    {
        var (bytes, sqlState) = Startups[name];
        await using var proxy = await GuardedProxy.StartAsync(Options(session: false));
        using (var client = proxy.Connect(name))
        {
            client.Send(bytes);
            var last = client.ReadUntilClosed();
            Assert.True(last is { Type: 'E' }, $"{last}");
            Assert.Equal(("FATAL", sqlState), (last.Field('S'), last.Field('C')));
        }

        for (var length = 1; length < Math.Min(bytes.Length, 8); length++)
        {
            using var client = proxy.Connect(name);
            client.Send(bytes[..length]);
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task Garbage_instead_of_a_password_is_a_protocol_violation()
    {
        foreach (var auth in (string[])["scram", "md5", "password"])
        {
            await using var proxy = await GuardedProxy.StartAloneAsync(
                new ProxyOptions(servers.App) { Auth = auth });
            foreach (var bytes in (byte[][])
                [
                    [1, 0, 0, 0, 4],
                    [(byte)'p', 0, 0, 0, 3],
                    [(byte)'p', 0, 1, 0, 0],
                    [(byte)'p', 0xff, 0xff, 0xff, 0xff],
                    [(byte)'p', 0, 0, 0, 4],
                    Query("select 1"),
                    new MessageWriter('p').Text("NO-SUCH-MECHANISM").Int32(0).ToArray(),
                    new MessageWriter('p').Text("SCRAM-SHA-256").Int32(int.MaxValue).Text("n,,n=,r=x").ToArray(),
                    new MessageWriter('p').Text("SCRAM-SHA-256").Int32(3).Raw("n,,"u8).ToArray(),
                    new MessageWriter('p').Raw(new byte[60_000]).ToArray(),
                ])
            {
                using var client = proxy.Connect(auth);
                client.Send(StartupMessage(Version30, ("user", "app"), ("database", "app")), bytes);
                var last = client.ReadUntilClosed();
                Assert.True(last is { Type: 'E' }, $"{auth}: {last}");
                Assert.Contains(last.Field('C'), (string[])["08P01", "28P01"]);
            }

            await proxy.EndAsync();
        }
    }

    private ProxyOptions Options(bool session) =>
        new(servers.Wire) { Mode = session ? PoolMode.Session : PoolMode.Transaction, PoolSize = 3 };
}
