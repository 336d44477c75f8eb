using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>More clients than the process may have open files, limit that it cannot raise: those who fit in are
/// served, the others are told, and all are welcome again when the crowd has gone.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class FileLimitTests(TestServers servers)
{
    /// <summary>Half of the connections that come.</summary>
    private const int OpenFiles = 10_000;

    private const int Crowds = 4;
    private const int CrowdSize = 5_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Twenty_thousand_clients_against_a_limit_of_ten_thousand_files()
    {
        await using var proxy = await GuardedProxy.StartAloneAsync(Options(OpenFiles, "60s"));
        using (var first = proxy.Login("first"))
        {
            first.Query("begin");
            List<Crowd> crowds =
            [
                .. Enumerable.Range(1, Crowds).Select(number => Crowd.Start(proxy.Process.Port, CrowdSize, number)),
            ];
            try
            {
                var arrivals = await Task.WhenAll(crowds.Select(crowd => crowd.ArriveAsync(Cancellation)));
                AssertSettled(arrivals, proxy);
                Assert.Equal(
                    arrivals.Sum(arrival => arrival.Served) + 1, await proxy.MetricAsync("freshet_clients"));
                var answers = await Task.WhenAll(crowds.Select(crowd => crowd.AskAsync(Cancellation)));
                Assert.Equal(0, answers.Sum(answer => answer.Wrong));
                Assert.Equal("1", first.Query("select 1"));
                first.Query("commit");
                await Task.WhenAll(crowds.Select(crowd => crowd.LeaveAsync(Cancellation)));
            }
            finally
            {
                foreach (var crowd in crowds)
                {
                    await crowd.DisposeAsync();
                }
            }
        }

        await proxy.EndAsync();
        await using (var later = Crowd.Start(proxy.Process.Port, CrowdSize, Crowds + 1))
        {
            Assert.Equal(CrowdSize, (await later.ArriveAsync(Cancellation)).Served);
            Assert.Equal(new Crowd.Answers(CrowdSize, 0), await later.AskAsync(Cancellation));
        }

        await proxy.EndAsync();
    }

    [Fact]
    public async Task Silent_connections_hold_all_descriptors_no_longer_than_a_login_may_take()
    {
        await using var proxy = await GuardedProxy.StartAloneAsync(Options(openFiles: 300, "1s"));
        var silent = new List<WireClient>();
        try
        {
            WireMessage? refusal = null;
            while (refusal is null && silent.Count < 400)
            {
                var client = proxy.Connect($"silent {silent.Count}");
                silent.Add(client);
                refusal = client.IsSilentFor(TimeSpan.FromMilliseconds(5)) ? null : client.TryRead();
            }

            Assert.Equal("53300", refusal?.Field('C'));
            var told = silent.SkipLast(1).Select(client => client.ReadUntilClosed()?.Field('M')).ToList();
            Assert.All(told, text =>
                Assert.Contains("clientLoginTimeout = 1 s", text, StringComparison.Ordinal));

            // They have not closed their ends yet, and there is room again.
            using var later = proxy.Login("later");
            Assert.Equal("1", later.Query("select 1"));
        }
        finally
        {
            silent.ForEach(client => client.Dispose());
        }

        await proxy.EndAsync();
    }

    private static void AssertSettled(Crowd.Arrival[] arrivals, GuardedProxy proxy)
    {
        var served = arrivals.Sum(arrival => arrival.Served);
        var refused = arrivals.SelectMany(arrival => arrival.Refused).ToList();
        Assert.True(arrivals.Sum(arrival => arrival.Dropped) is 0, proxy.Process.Output);
        Assert.All(refused, reason =>
        {
            Assert.StartsWith("FATAL 53300 ", reason.Key, StringComparison.Ordinal);
            Assert.Contains("ulimit -n", reason.Key, StringComparison.Ordinal);
        });
        Assert.Equal(Crowds * CrowdSize, served + refused.Sum(reason => reason.Value));

        // All but the head room and the process's own files.
        Assert.InRange(served, OpenFiles - 400, OpenFiles - 64);
    }

    private ProxyOptions Options(int openFiles, string loginTimeout) =>
        new(servers.Wire)
        {
            OpenFiles = openFiles,
            Configuration = $$"""
                {
                  "url": "{{servers.Wire.Url}}?sslmode=disable", "auth": "trust", "maxClientConnections": 30000,
                  "clientLoginTimeout": "{{loginTimeout}}", "pool": { "size": 4, "mode": "transaction" }
                }
                """,
        };
}
