using System.Text;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>Plain bytes in front of, and inside, a TLS handshake that the proxy would do (CVE-2021-23214): they are
/// never taken for what the encrypted client says. Before the handshake has begun the client is told in plain, later
/// at most by a TLS alert.</summary>
/// <param name="servers">The shared servers.</param>
/// <param name="secured">Has the certificates.</param>
[Collection(nameof(SecuredServerCollection))]
public sealed class StuffedTlsTests(TestServers servers, SecuredServer secured)
{
    private const byte Alert = 0x15;

    private static byte[] Startup => StartupMessage(Version30, ("user", "wire"), ("database", "wire"));

    /// <summary>The beginning of a ClientHello: a whole record of it, with nothing sensible inside.</summary>
    private static byte[] Hello => [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00];

    /// <summary>In one segment behind a request for encryption.</summary>
    private static Dictionary<string, byte[]> Stuffings { get; } =
        new(StringComparer.Ordinal)
        {
            ["a startup"] = Startup,
            ["a startup and a query"] = [.. Startup, .. Query("select 1")],
            ["one byte"] = [0],
            ["half a startup"] = Startup[..10],
            ["a second SSLRequest"] = SslRequest(),
            ["a cancel request"] = CancelRequest(1, [1, 2, 3, 4]),
            ["a handshake"] = Hello,
        };

    /// <summary>As the first bytes, where TLS may start at once.</summary>
    private static Dictionary<string, byte[]> DirectGarbage { get; } =
        new(StringComparer.Ordinal)
        {
            ["no handshake"] = [0x16, 0x03, 0x01, 0x00, 0x05, 0x47, 0x45, 0x54, 0x20, 0x2f],
            ["another version"] = [0x16, 0x7f, 0x7f, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00],
            ["a record too long"] = [0x16, 0x03, 0x01, 0xff, 0xff, .. new byte[100]],
            ["a hello with a startup behind it"] = [.. Hello, .. Startup],
            ["a startup behind the first byte"] = [0x16, .. Startup],
            ["text behind the first byte"] = [0x16, .. Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
        };

    [Fact]
    public async Task A_request_for_encryption_with_bytes_behind_it_is_a_protocol_violation()
    {
        foreach (var mode in (string[])["prefer", "require"])
        {
            await using var proxy = await StartAsync(mode);
            foreach (var (name, stuffing) in Stuffings)
            {
                byte[] both = [.. GssEncRequest(), .. SslRequest()];
                foreach (var request in (byte[][])[SslRequest(), GssEncRequest(), both])
                {
                    using var client = proxy.Connect(name);
                    client.Send([.. request, .. stuffing]);
                    var last = client.ReadUntilClosed();
                    Assert.True(last is { Type: 'E' }, $"{mode}, {name}: {last}");
                    Assert.Equal(("FATAL", "08P01"), (last.Field('S'), last.Field('C')));
                    Assert.Contains("unencrypted data", last.Field('M'), StringComparison.Ordinal);
                    Assert.Single(client.Received);
                }
            }

            await AssertServesAsync(proxy, mode);
        }
    }

    [Fact]
    public async Task Plain_bytes_instead_of_the_handshake_that_was_agreed_on_end_the_connection()
    {
        await using var proxy = await StartAsync("prefer");
        foreach (var (name, stuffing) in Stuffings.Where(stuffing => stuffing.Value.Length > 5))
        {
            using var client = proxy.Connect(name);
            client.Send(SslRequest());
            Assert.Equal('S', client.ReadByte());
            client.Send(stuffing);
            AssertEndsWithoutAWord(client);
        }

        Assert.Equal(0, await proxy.MetricAsync("freshet_servers"));
        await AssertServesAsync(proxy, "prefer");
    }

    [Fact]
    public async Task Garbage_that_begins_as_direct_TLS_ends_the_connection()
    {
        foreach (var mode in (string[])["prefer", "require"])
        {
            await using var proxy = await StartAsync(mode);
            foreach (var (name, garbage) in DirectGarbage)
            {
                using var client = proxy.Connect($"{mode}, {name}");
                client.Send(garbage);
                AssertEndsWithoutAWord(client);
            }

            Assert.Equal(0, await proxy.MetricAsync("freshet_servers"));
            await AssertServesAsync(proxy, mode);
        }
    }

    /// <summary>One alert record at most (OpenSSL says nothing to what is no TLS at all), and the end: no message of
    /// the protocol, least of all an authentication.</summary>
    private static void AssertEndsWithoutAWord(WireClient client)
    {
        byte[] said = [.. ReadToEnd(client)];
        // Type, two bytes of version, two of length, two of content.
        Assert.True(said is [] or [Alert, 0x03, _, 0, 2, _, _], $"{client.Name}: {Convert.ToHexString(said)}");
    }

    private static IEnumerable<byte> ReadToEnd(WireClient client)
    {
        while (client.ReadByte() is { } next)
        {
            yield return (byte)next;
        }
    }

    private static async Task AssertServesAsync(GuardedProxy proxy, string mode)
    {
        using (var next = Tls.TlsWireClient.ConnectAfterRequest(proxy.Process.Port).Login("wire", "wire"))
        {
            next.Send(Query("select 'fine'"));
            Assert.Equal("fine", next.ReadUntil('D').Row()[0]);
            next.ReadUntil('Z');
        }

        if (mode is "prefer")
        {
            using var plain = proxy.Login("plain");
            Assert.Equal("1", plain.Query("select 1"));
        }

        await proxy.EndAsync();
    }

    private Task<GuardedProxy> StartAsync(string mode) =>
        GuardedProxy.StartAloneAsync(
            new ProxyOptions(servers.Wire)
            {
                Configuration = $$"""
                    {
                      "url": "{{servers.Wire.Url}}?sslmode=disable", "auth": "trust",
                      "tls": {
                        "mode": "{{mode}}", "certificateFile": "{{secured.Certificates.PathOf("server.crt")}}",
                        "keyFile": "{{secured.Certificates.PathOf("server.key")}}"
                      }
                    }
                    """,
            });
}
