using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>Too much of something: passwords, cancel requests, text, rows that nobody reads.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class FloodTests(TestServers servers)
{
    private const int Megabyte = 1024 * 1024;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("scram")]
    [InlineData("md5")]
    [InlineData("password")]
    public async Task A_thousand_wrong_passwords_change_nothing_and_tell_nothing(string auth)
    {
        await using var proxy = await GuardedProxy.StartAloneAsync(new ProxyOptions(servers.App) { Auth = auth });
        for (var number = 0; number < 1000; number++)
        {
            // Every other one names a user that does not exist: nothing but the name may differ.
            var known = TryWrongPassword(proxy, "app", auth);
            if (number % 2 is 0)
            {
                Assert.Equal(known, TryWrongPassword(proxy, "nobody", auth));
            }
        }

        Assert.Equal(1500, await proxy.MetricAsync("freshet_login_failures_total"));
        Assert.Equal(0, await proxy.MetricAsync("freshet_servers"));
        await proxy.EndAsync();
    }

    [Fact]
    public async Task An_unknown_user_sees_the_same_salt_each_time_as_a_known_one_does()
    {
        await using var proxy = await GuardedProxy.StartAloneAsync(new ProxyOptions(servers.App) { Auth = "scram" });
        foreach (var user in (string[])["app", "nobody"])
        {
            var first = ServerFirst(proxy, user);
            var second = ServerFirst(proxy, user);
            Assert.Equal(first[first.IndexOf(",s=", StringComparison.Ordinal)..],
                second[second.IndexOf(",s=", StringComparison.Ordinal)..]);
            Assert.NotEqual(first, second);
        }

        Assert.Equal(ServerFirst(proxy, "app").Length, ServerFirst(proxy, "nobody").Length);
        await proxy.EndAsync();
    }

    [Fact]
    public async Task A_storm_of_cancel_requests_hits_only_whom_it_means()
    {
        await using var proxy = await GuardedProxy.StartAsync(Options(size: 3));
        using (var victim = proxy.Login("victim"))
        using (var other = proxy.Login("other"))
        {
            victim.Send(Query("select pg_sleep(10)"));
            other.Send(Query("select pg_sleep(1.5)"));
            await Task.Delay(100, Cancellation);
            for (var number = 0; number < 300; number++)
            {
                Cancel(proxy, other.ProcessId, RandomNumberGenerator.GetBytes(4));
                Cancel(proxy, other.ProcessId, victim.SecretKey);
                Cancel(proxy, number, victim.SecretKey);
            }

            for (var number = 0; number < 100; number++)
            {
                Cancel(proxy, victim.ProcessId, victim.SecretKey);
            }

            victim.ReadUntilReady();
            other.ReadUntilReady();
            Assert.Equal(["57014"], victim.Received.Where(message => message.Type is 'E').Select(e => e.Field('C')));
            Assert.DoesNotContain(other.Received, message => message.Type is 'E');
            for (var number = 0; number < 20; number++)
            {
                Assert.Equal("1", other.Query("select 1"));
            }
        }

        await proxy.EndAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Statements_of_any_length_pass(bool session)
    {
        await using var proxy = await GuardedProxy.StartAsync(Options(size: 3, session));
        foreach (var length in (int[])[60_000, 66_000, 130_000, 200_000, 262_000, 263_000, 600_000, 10 * Megabyte])
        {
            var text = $"select length('{new string('x', length)}')";
            var expected = length.ToString(CultureInfo.InvariantCulture);
            using (var client = proxy.Login($"{length} bytes"))
            {
                Assert.Equal(expected, client.Query(text));
                client.Batch(Parse("", text), Bind("", ""), Execute(), Bind("", ""), Execute());
                client.Batch(Parse("named", text), Bind("", "named"), Execute());
                client.Batch(Bind("", "named"), Execute());

                var value = new string('y', length);
                client.Batch(Parse("small", "select length($1)"), Bind("", "small", value), Execute());
                Assert.DoesNotContain(client.Received, message => message.Type is 'E');
                var rows = client.Received.Where(message => message.Type is 'D').Select(message => message.Row()[0]);
                Assert.Equal(Enumerable.Repeat(expected, 6), rows);
            }
        }

        await proxy.EndAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_reads_nothing_of_a_large_result_costs_no_memory(bool session)
    {
        await using var proxy = await GuardedProxy.StartAsync(Options(size: 4, session));
        var before = await proxy.MetricAsync("process_resident_memory_bytes");
        using (var slow = proxy.Login("slow"))
        using (var copying = proxy.Login("copying"))
        using (var other = proxy.Login("other"))
        {
            slow.Send(Query("select repeat('x', 1000000) from generate_series(1, 200)"));
            copying.Send(Query("copy (select repeat('x', 1000000) from generate_series(1, 200)) to stdout"));
            for (var number = 0; number < 100; number++)
            {
                Assert.Equal("1", other.Query("select 1"));
                await Task.Delay(10, Cancellation);
            }

            var during = await proxy.MetricAsync("process_resident_memory_bytes");
            Assert.InRange(during - before, double.MinValue, 40 * Megabyte);
            Assert.InRange(await proxy.MetricAsync("freshet_buffer_lent_bytes"), 1, 4 * Megabyte);

            // And nothing was lost when it reads after all.
            slow.ReadUntilReady();
            Assert.Equal(200, slow.Received.Count(message => message.Type is 'D' && message.Body.Length > 1_000_000));
        }

        await proxy.EndAsync();
    }

    private static void Cancel(GuardedProxy proxy, int processId, byte[] key)
    {
        using var canceller = proxy.Connect("canceller");
        canceller.Send(CancelRequest(processId, key));
        canceller.ReadUntilClosed();
    }

    /// <summary>All that the proxy said, with the user's name and what is random left out.</summary>
    private static string TryWrongPassword(GuardedProxy proxy, string user, string auth)
    {
        using var client = proxy.Connect(user);
        client.Send(StartupMessage(Version30, ("user", user), ("database", "app")));
        client.Read();
        if (auth is "scram")
        {
            client.Send(ClientFirst());
            var nonce = Encoding.ASCII.GetString(client.Read().Body.AsSpan(4)).Split(',')[0];
            var proof = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
            client.Send(new MessageWriter('p').Raw(Encoding.ASCII.GetBytes($"c=biws,{nonce},p={proof}")).ToArray());
        }
        else
        {
            client.Send(PasswordMessage("md5" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))));
        }

        var last = client.ReadUntilClosed();
        Assert.Equal(("E", "28P01"), ($"{last?.Type}", last?.Field('C')));
        return string.Join('\n', client.Transcript.Lines).Replace(user, "user", StringComparison.Ordinal);
    }

    private static string ServerFirst(GuardedProxy proxy, string user)
    {
        using var client = proxy.Connect(user);
        client.Send(StartupMessage(Version30, ("user", user), ("database", "app")));
        client.Read();
        client.Send(ClientFirst());
        return Encoding.ASCII.GetString(client.Read().Body.AsSpan(4));
    }

    private static byte[] ClientFirst()
    {
        var first = Encoding.ASCII.GetBytes("n,,n=,r=" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(18)));
        return new MessageWriter('p').Text("SCRAM-SHA-256").Int32(first.Length).Raw(first).ToArray();
    }

    private ProxyOptions Options(int size, bool session = false) =>
        new(servers.Wire) { PoolSize = size, Mode = session ? PoolMode.Session : PoolMode.Transaction };
}
