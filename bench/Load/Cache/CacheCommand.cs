using System.Globalization;
using Freshet.Bench.Load.Report;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>The cache against the database itself, Pgpool-II's query cache, its own being off, and a server that
/// answers
/// canned bytes. In a cell the parties take turns, round after round.</summary>
internal static class CacheCommand
{
    private const string Hot = "SELECT abalance FROM pgbench_accounts WHERE aid = 42;";

    private const string Unique = """
        \set aid random(1, 100000 * :scale)
        \set other random(1, 1000000000)
        SELECT abalance + :other FROM pgbench_accounts WHERE aid = :aid;
        """;

    private const string Uncacheable = "SELECT tbalance, random() FROM pgbench_tellers WHERE tid = 1;";
    private const string Write = "UPDATE side SET n = n + 1 WHERE id = :client_id;";

    public static async Task<int> RunAsync(CacheOptions options, CancellationToken cancellationToken)
    {
        await using var rig = await BenchRig.StartAsync(options.Rig, cancellationToken);
        await rig.Database.ExecuteAsync(
            "CREATE TABLE side (id int PRIMARY KEY, n int NOT NULL DEFAULT 0); "
            + "INSERT INTO side SELECT i FROM generate_series(0, 1000) i",
            cancellationToken);
        var machine = MachineDescription.Of(rig);
        var direct = new Party { Name = "direct", Port = rig.Database.Port };
        await using var off = await FreshetUp.StartAsync(rig, "uncached", 1, ClientAuth.Trust, cancellationToken);
        await using var on = await FreshetUp.StartAsync(
            rig, "cached", 1, ClientAuth.Trust, cancellationToken, "session");
        await using var yardstick = await Yardstick.StartAsync(rig, cancellationToken);
        await using var pgpool = Pgpool.IsInstalled ? await Pgpool.StartAsync(rig, cancellationToken) : null;
        Party[] all = [direct, off.Party, on.Party, .. pgpool is null ? [] : (Party[])[pgpool.Party], yardstick.Party];
        Party[] pair = [off.Party, on.Party];
        using var http = new HttpClient();
        var run = new ScriptRun(rig, options);
        var cells = new List<CacheCell>();
        var allocated = new Dictionary<string, double>(StringComparer.Ordinal);

        async Task AddAsync(string name, string protocol, Party[] parties, params (string Sql, int Weight)[] scripts) =>
            cells.Add(await MeasureAsync(options, run, name, protocol, parties, scripts, cancellationToken));

        foreach (var protocol in (string[])["simple", "extended", "prepared"])
        {
            await AddAsync("hot", protocol, all, (Hot, 1));
            allocated[protocol] = await AllocatedAsync(
                http, run, on.Party, protocol, options.Seconds, cancellationToken);
        }

        foreach (var protocol in (string[])["simple", "prepared"])
            await AddAsync("misses", protocol, [direct, .. pair], (Unique, 1));
        await AddAsync("writes", "prepared", [direct, .. pair], (Write, 1));
        var (hitsBefore, missesBefore) = await CountsAsync(http, on.Party, cancellationToken);
        await AddAsync("mixed", "prepared", [direct, .. pair], (Hot, 7), (Uncacheable, 2), (Write, 1));
        var (hits, misses) = await CountsAsync(http, on.Party, cancellationToken);
        var visibility = await Visibility.MeasureAsync(rig, on.Party, cancellationToken);
        var result = new CacheResultFile
        {
            Machine = machine,
            Settings = options,
            Cells = cells,
            VisibilityMilliseconds = visibility,
            MixedHitShare = (hits - hitsBefore) / (hits - hitsBefore + misses - missesBefore),
            AllocatedBytesPerHit = allocated,
        };
        ResultFiles.Write(options.OutputFolder, "cache", CacheReport.Render(result), result);
        return 0;
    }

    private static async Task<CacheCell> MeasureAsync(
        CacheOptions options, ScriptRun run, string name, string protocol, Party[] parties,
        (string Sql, int Weight)[] scripts, CancellationToken cancellationToken)
    {
        foreach (var party in parties)
            await run.RunAsync(party, protocol, 1, scripts, cancellationToken);
        var rounds = new List<IReadOnlyList<ScriptResult>>();
        for (var round = 0; round < options.Rounds; round++)
        {
            var results = new List<ScriptResult>();
            foreach (var party in parties)
                results.Add(await run.RunAsync(party, protocol, options.Seconds, scripts, cancellationToken));
            rounds.Add(results);
            Console.Error.WriteLine($"{name}, {protocol}, round {round + 1}: " + string.Join(
                ", ", results.Select(result => $"{result.Party} {result.TransactionsPerSecond:0}")));
        }

        return new CacheCell(name, protocol, rounds);
    }

    /// <summary>Bytes for each hit, of a run that does nothing else.</summary>
    private static async Task<double> AllocatedAsync(
        HttpClient http, ScriptRun run, Party cached, string protocol, int seconds, CancellationToken cancellationToken)
    {
        var meter = new AllocationMeter(http, cached.Metrics!);
        await meter.CalibrateAsync(cancellationToken);
        var (hitsBefore, _) = await CountsAsync(http, cached, cancellationToken);
        var before = await meter.ReadAsync(cancellationToken) ?? 0;
        await run.RunAsync(cached, protocol, seconds, [(Hot, 1)], cancellationToken);
        var after = await meter.ReadAsync(cancellationToken) ?? 0;
        var (hits, _) = await CountsAsync(http, cached, cancellationToken);
        return meter.Between(before, after) / (hits - hitsBefore);
    }

    private static async Task<(double Hits, double Misses)> CountsAsync(
        HttpClient http, Party cached, CancellationToken cancellationToken)
    {
        var page = await http.GetStringAsync(cached.Metrics, cancellationToken);
        double Sum(string result) => page.Split('\n')
            .Where(line => line.StartsWith("freshet_cache_requests_total{", StringComparison.Ordinal)
                && line.Contains($"result=\"{result}\"", StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
        return (Sum("hit"), Sum("miss"));
    }
}
