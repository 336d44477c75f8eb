using System.Globalization;
using Freshet.Tests.Integration.Servers;
using Xunit;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>
/// Random clients on few server connections, against a model: each client must get exactly the answers to its own
/// messages, whatever the others do. What a seed sends is always the same; how threads meet is not.
/// <c>FRESHET_TEST_SEED=N</c> runs that seed alone, <c>FRESHET_TEST_LONG=1</c> a minute of each.
/// </summary>
public sealed class SessionFuzzTests
{
    private static readonly int[] Seeds = [1, 2, 3, 4, 5, 6, 7, 8];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<int> Cases =>
        Environment.GetEnvironmentVariable("FRESHET_TEST_SEED") is { Length: > 0 } seed
            ? [int.Parse(seed, CultureInfo.InvariantCulture)]
            : [.. Seeds, Random.Shared.Next(100, 1_000_000)];

    private static TimeSpan Time =>
        Environment.GetEnvironmentVariable("FRESHET_TEST_LONG") is "1"
            ? TimeSpan.FromMinutes(1)
            : TimeSpan.FromSeconds(2);

    [Theory, MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public async Task Each_client_gets_the_answers_to_its_own_messages(int seed)
    {
        var random = new Random(seed);
        var isMortal = seed % 2 is 0;
        var clients = random.Next(2, 7);
        using var server = new ModelServer(seed, isMortal).Start();
        await using var proxy = await GuardedProxy.StartAloneAsync(
            new ProxyOptions(new Endpoint("127.0.0.1", server.Port, "fuzz", "fuzz", ""))
            {
                Configuration = $$"""
                    {
                      "url": "postgres://fuzz@127.0.0.1:{{server.Port}}/fuzz?sslmode=disable",
                      "auth": "trust", "threads": {{random.Next(1, 3)}},
                      "pool": {
                        "size": {{random.Next(1, 4)}}, "mode": "transaction", "serverLoginRetry": "10ms",
                        "maxPreparedStatements": {{random.Next(1, 6)}}
                      }
                    }
                    """,
            }
        );
        var until = DateTime.UtcNow + Time;
        FuzzedClient[] all =
        [
            .. Enumerable.Range(0, clients)
                .Select(number =>
                    new FuzzedClient(proxy.Process.Port, (seed * 1000) + number, $"c{number}", isMortal)),
        ];
        var faults = await Task.WhenAll(all.Select(client =>
            Task.Factory.StartNew(
                () => client.Run(until), Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        var now = await Footprint.ReadAsync(proxy.Process, Cancellation);
        Assert.True(
            Array.TrueForAll(faults, fault => fault is null),
            $"FRESHET_TEST_SEED={seed}\n{now}\n{string.Join("\n\n", faults.OfType<string>())}\n{proxy.Process.Output}");
        Assert.All(all, client => Assert.True(client.Answers > 0, $"seed {seed}: a client got no answer at all"));
        await proxy.EndAsync();
    }
}
