using System.Globalization;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>
/// Many clients on few server connections and two loops, while server connections are terminated and clients vanish at
/// random. Each session finds only what it has set itself, and the sums in the database are those of the transactions
/// that were acknowledged (and of those whose fate their client could not learn, each wholly or not at all).
/// </summary>
/// <param name="servers">The shared servers.</param>
public sealed class StressTests(TestServers servers)
{
    private const int Clients = 60;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static TimeSpan Time =>
        Environment.GetEnvironmentVariable("FRESHET_TEST_LONG") is "1"
            ? TimeSpan.FromMinutes(2)
            : TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Sessions_share_servers_and_nothing_else()
    {
        using var control = WireClient.Connect(servers.Postgres.Host, servers.Postgres.Port, "control")
            .Login("wire", "wire");
        control.Query("drop table if exists ledger; create table ledger (client int, token text, part int)");
        await using var proxy = await GuardedProxy.StartAloneAsync(
            new ProxyOptions(servers.Wire) { PoolSize = 3, Arguments = ["--threads", "2"] });
        var until = DateTime.UtcNow + Time;
        StressedClient[] all =
        [
            .. Enumerable.Range(0, Clients).Select(number => new StressedClient(proxy.Process.Port, number)),
        ];
        var runs = Array.ConvertAll(all, client =>
            Task.Factory.StartNew(
                () => client.Run(until), Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        var random = new Random(1);
        while (DateTime.UtcNow < until)
        {
            await Task.Delay(random.Next(50, 300), Cancellation);
            control.Query(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                + " where datname = 'wire' and pid <> pg_backend_pid() order by random() limit 1");
        }

        var faults = (await Task.WhenAll(runs)).OfType<string>().ToList();
        Assert.True(faults.Count is 0, $"{string.Join('\n', faults)}\n{proxy.Process.Output}");
        await proxy.EndAsync();
        CompareLedger(control, all);
        Assert.True(all.Sum(client => client.Acknowledged.Count) > Clients, "hardly anything was done");
        control.Query("drop table ledger");
    }

    private static void CompareLedger(WireClient control, StressedClient[] all)
    {
        control.Send(Query("select client, token, count(*), sum(part) from ledger group by 1, 2"));
        control.ReadUntilReady();
        var found = control.Received
            .Where(message => message.Type is 'D' && message.Row().Length is 4)
            .Select(message => message.Row())
            .ToDictionary(
                row => row[1]!, row => (Client: row[0]!, Count: row[2]!, Sum: row[3]!), StringComparer.Ordinal);
        foreach (var client in all)
        {
            var number = client.Number.ToString(CultureInfo.InvariantCulture);
            Assert.All(client.Acknowledged, token => Assert.Equal((number, "2", "3"), found[token]));
            Assert.All(client.RolledBack, token => Assert.DoesNotContain(token, found.Keys));
        }

        var known = all
            .SelectMany(client => client.Acknowledged.Concat(client.Unknown))
            .ToHashSet(StringComparer.Ordinal);
        Assert.All(found, row =>
        {
            Assert.Contains(row.Key, known);
            Assert.Equal(("2", "3"), (row.Value.Count, row.Value.Sum));
        });
    }
}
