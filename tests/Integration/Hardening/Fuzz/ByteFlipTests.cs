using System.Collections.Concurrent;
using System.Globalization;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>
/// Valid traffic with spoilt bytes, in front of a real PostgreSQL. Neighbours on the same few server connections must
/// not notice, and nothing is left behind. <c>FRESHET_TEST_SEED=N</c> runs that seed alone,
/// <c>FRESHET_TEST_LONG=1</c> a minute of each.
/// </summary>
/// <param name="servers">The shared servers.</param>
public sealed class ByteFlipTests(TestServers servers)
{
    private const int Spoilers = 3;
    private const int Neighbours = 2;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static TimeSpan Time =>
        Environment.GetEnvironmentVariable("FRESHET_TEST_LONG") is "1"
            ? TimeSpan.FromMinutes(1)
            : TimeSpan.FromSeconds(2.5);

    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            var given = Environment.GetEnvironmentVariable("FRESHET_TEST_SEED");
            foreach (var mode in (string[])["transaction", "session"])
            {
                cases.Add(mode, given is { Length: > 0 } seed ? int.Parse(seed, CultureInfo.InvariantCulture) : 1);
            }

            return cases;
        }
    }

    [Theory]
    [InlineData("transaction")]
    [InlineData("session")]
    public async Task What_is_to_be_spoilt_is_valid(string mode)
    {
        CreateTables();
        await using var proxy = await GuardedProxy.StartAloneAsync(Options(mode, servers.Postgres.Port, Few(mode)));
        foreach (var session in ValidTraffic.Sessions)
        {
            using var client = proxy.Connect();
            client.Send(session);
            client.ReadUntilReady(ValidTraffic.Readies(session));
            client.Send(Frontend.Terminate());
            Assert.Null(client.TryRead());
            Assert.DoesNotContain(
                client.Received, message => message.Type is 'E' && message.Field('S') is not "ERROR");
        }

        await proxy.EndAsync();
    }

    [Theory, MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public async Task Spoilt_bytes_of_a_client_disturb_nobody_else(string mode, int seed)
    {
        var control = CreateTables();
        await using var proxy = await GuardedProxy.StartAloneAsync(Options(mode, servers.Postgres.Port, Few(mode)));
        var until = DateTime.UtcNow + Time;
        MutatedClient[] spoilers =
        [
            .. Enumerable.Range(0, Spoilers).Select(n => new MutatedClient(proxy.Process.Port, (seed * 10) + n)),
        ];
        Neighbour[] neighbours =
            [.. Enumerable.Range(0, Neighbours).Select(number => new Neighbour(proxy.Process.Port, number))];
        await RunAsync(
            proxy,
            [
                .. spoilers.Select<MutatedClient, Func<string?>>(client => () => client.Run(until)),
                .. neighbours.Select<Neighbour, Func<string?>>(client => () => client.Run(until)),
            ]);
        await proxy.EndAsync();
        AssertKept(control, neighbours);
        Assert.True(spoilers.Sum(client => client.Errors) > 10, "hardly any client was told an error");
        TestContext.Current.SendDiagnosticMessage(
            $"{mode}: {spoilers.Sum(client => client.Cases)} cases, {neighbours.Sum(client => client.Kept)} rounds");
    }

    [Theory, MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public async Task Spoilt_bytes_of_a_server_disturb_nobody_but_whom_they_answer(string mode, int seed)
    {
        var control = CreateTables();
        var faults = new ConcurrentQueue<string>();
        using var relay = new ServerRelay(
            servers.Postgres.Port, number => new SpoilingFilter(new Random((seed * 1000) + number), faults.Enqueue));
        await using var proxy = await GuardedProxy.StartAloneAsync(Options(mode, relay.Port, 30));
        var until = DateTime.UtcNow + Time;
        Victim[] victims =
            [.. Enumerable.Range(0, Spoilers).Select(n => new Victim(proxy.Process.Port, (seed * 10) + n))];
        Neighbour[] neighbours =
            [.. Enumerable.Range(0, Neighbours).Select(number => new Neighbour(proxy.Process.Port, number))];
        await RunAsync(
            proxy,
            [
                .. victims.Select<Victim, Func<string?>>(client => () => client.Run(until)),
                .. neighbours.Select<Neighbour, Func<string?>>(client => () => client.Run(until)),
            ]);
        Assert.True(faults.IsEmpty, string.Join("\n", faults));
        await proxy.EndAsync();
        AssertKept(control, neighbours);
        Assert.True(victims.Sum(client => client.Lost) > 10, "hardly any answer was spoilt");
        TestContext.Current.SendDiagnosticMessage(
            $"{mode}: {victims.Sum(client => client.Cases)} cases, {victims.Sum(client => client.Lost)} lost, "
            + $"{neighbours.Sum(client => client.Kept)} rounds");
    }

    private static async Task RunAsync(GuardedProxy proxy, Func<string?>[] runs)
    {
        var faults = await Task.WhenAll(runs.Select(run =>
            Task.Factory.StartNew(run, Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        var now = await Footprint.ReadAsync(proxy.Process, Cancellation);
        Assert.True(
            Array.TrueForAll(faults, fault => fault is null),
            $"{now}\n{string.Join("\n\n", faults.OfType<string>())}\n{proxy.Process.Output}");
    }

    private static void AssertKept(WireClient control, Neighbour[] neighbours)
    {
        foreach (var neighbour in neighbours)
        {
            Assert.True(neighbour.Kept >= Neighbour.Least, $"{neighbour.Name} got hardly anything done");
            Assert.Equal(
                neighbour.Kept.ToString(CultureInfo.InvariantCulture),
                control.Query($"select count(*) from kept where who = '{neighbour.Name}'"));
        }

        control.Dispose();
    }

    /// <summary>Gives a connection to the server itself.</summary>
    private WireClient CreateTables()
    {
        var control = WireClient.Connect(servers.Postgres.Host, servers.Postgres.Port, "control").Login("wire", "app");
        foreach (var sql in (string[])
            ["set role app", ValidTraffic.Table, Neighbour.Table, "truncate spoilt", "truncate kept", "reset role"])
        {
            control.Query(sql);
        }

        Assert.DoesNotContain(control.Received, message => message.Type is 'E');
        return control;
    }

    /// <summary>Server connections that are passed on from hand to hand: in session mode everybody has one.</summary>
    private static int Few(string mode) => mode is "session" ? Spoilers + Neighbours : 2;

    /// <summary>Users are listed: with every misspelt name let in, each would have a pool and server connections of
    /// its own, which no other test could tell from a leak.</summary>
    private ProxyOptions Options(string mode, int serverPort, int size) =>
        new(servers.App)
        {
            Configuration = $$"""
                {
                  "auth": "trust", "threads": 2, "users": { "app": {} },
                  "pool": {
                    "size": {{size}}, "mode": "{{mode}}", "queryTimeout": "3s", "serverConnectTimeout": "3s"
                  },
                  "databases": {
                    "*": {
                      "host": "127.0.0.1", "port": {{serverPort}}, "user": "app",
                      "password": {{System.Text.Json.JsonSerializer.Serialize(servers.App.Password)}}
                    }
                  }
                }
                """,
        };
}
