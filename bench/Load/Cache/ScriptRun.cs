using System.Globalization;
using System.Text.RegularExpressions;
using Freshet.Bench.Load.Report;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>One pgbench run of weighted scripts through one party.</summary>
internal sealed partial class ScriptRun(BenchRig rig, CacheOptions options)
{
    private int _number;

    /// <param name="party">Through whom.</param>
    /// <param name="protocol">pgbench's <c>-M</c>.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="scripts">SQL and weight of each.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<ScriptResult> RunAsync(
        Party party, string protocol, int seconds, IReadOnlyList<(string Sql, int Weight)> scripts,
        CancellationToken cancellationToken)
    {
        var prefix = $"cache-{++_number}";
        List<string> command =
        [
            rig.Database.PgBench, "-n", "-M", protocol, "-c", options.Clients.ToString(), "-j", "1",
            "-T", seconds.ToString(), "-l", "--log-prefix", prefix, "--sampling-rate", "0.05",
            "-D", $"scale={rig.Options.Scale}",
        ];
        for (var i = 0; i < scripts.Count; i++)
        {
            var file = rig.Folder.Combine($"script-{i}.sql");
            await File.WriteAllTextAsync(file, scripts[i].Sql + "\n", cancellationToken);
            command.AddRange(["-f", $"{file}@{scripts[i].Weight}"]);
        }

        double tps = 0;
        var before = party.ProcessId is { } id ? ProcessSample.Take(id).Cpu : TimeSpan.Zero;
        await using (var pgbench = ChildProcess.Start(
            "pgbench", command, rig.Database.ClientEnvironment(party.Port, tls: false), rig.Folder.Path,
            onOutputLine: line => tps = TpsLine().Match(line) is { Success: true } match
                ? double.Parse(match.Groups["tps"].Value, CultureInfo.InvariantCulture)
                : tps))
            await pgbench.WaitForSuccessAsync(cancellationToken);
        var cpu = party.ProcessId is { } same ? ProcessSample.Take(same).Cpu - before : (TimeSpan?)null;
        return new ScriptResult
        {
            Party = party.Name,
            TransactionsPerSecond = tps,
            CpuMicroseconds = cpu is { } used && tps > 0 ? used.TotalMicroseconds / (tps * seconds) : null,
            P50Microseconds = ReadLatencies(prefix, scripts.Count),
        };
    }

    /// <summary>Medians by script; pgbench's log has client, transaction, latency, script, …</summary>
    private double?[] ReadLatencies(string prefix, int scripts)
    {
        var latencies = Enumerable.Range(0, scripts).Select(_ => new List<double>()).ToArray();
        foreach (var file in Directory.EnumerateFiles(rig.Folder.Path, prefix + "*"))
        {
            foreach (var line in File.ReadLines(file))
            {
                var fields = line.Split(' ');
                latencies[int.Parse(fields[3], CultureInfo.InvariantCulture)].Add(
                    double.Parse(fields[2], CultureInfo.InvariantCulture));
            }

            File.Delete(file);
        }

        return [.. latencies.Select(of => Median.Of(of))];
    }

    [GeneratedRegex(@"^tps = (?<tps>[\d.]+) \(without", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex TpsLine();
}

/// <summary>What one run showed.</summary>
internal sealed record ScriptResult
{
    public required string Party { get; init; }

    public required double TransactionsPerSecond { get; init; }

    /// <summary>Of the proxy's process, per transaction; null for the direct way and for many processes.</summary>
    public double? CpuMicroseconds { get; init; }

    /// <summary>By script.</summary>
    public required double?[] P50Microseconds { get; init; }
}
