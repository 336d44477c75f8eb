using System.Globalization;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>Runs a workload once through one party, with pgbench on one thread.</summary>
internal sealed class ScriptRun(BenchRig rig, CacheOptions options)
{
    /// <summary>Warm-up, and the second in which pgbench may not write its last progress line.</summary>
    private const int ExtraSeconds = 2;

    private const string LoopBytesMetric = "freshet_loops_allocated_bytes_total";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private int number;

    public async Task<ScriptResult> RunAsync(
        CacheWorkload workload, string protocol, Party party, int round, AllocationMeter? meter,
        CancellationToken cancellationToken)
    {
        var prefix = $"cache-{++number}";
        var seconds = options.Seconds + ExtraSeconds;
        List<string> command =
        [
            rig.Database.PgBench, "-n", "-D", $"scale={rig.Options.Scale}", "-M", protocol,
            "-c", options.Clients.ToString(), "-j", "1", "-T", seconds.ToString(), "-P", "1",
            "-l", "--log-prefix", prefix,
            "--sampling-rate", workload.SamplingRate.ToString(CultureInfo.InvariantCulture),
        ];
        for (var script = 0; script < workload.Scripts.Count; script++)
        {
            var file = rig.Folder.Combine($"script-{script}.sql");
            await File.WriteAllTextAsync(file, workload.Scripts[script].Sql + "\n", cancellationToken);
            command.AddRange(["-f", $"{file}@{workload.Scripts[script].Weight}"]);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience + TimeSpan.FromSeconds(2 * seconds));
        var window = new ProgressWindow(party, options.Seconds, meter, limit.Token);
        try
        {
            await using var pgbench = ChildProcess.Start(
                "pgbench", command, rig.Database.ClientEnvironment(party.Port, tls: false), rig.Folder.Path,
                onErrorLine: window.OnLine);
            await pgbench.WaitForSuccessAsync(limit.Token);
        }
        catch (BenchException failure)
        {
            return new ScriptResult { Party = party.Name, Round = round, Failure = failure.Message };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ScriptResult { Party = party.Name, Round = round, Failure = "pgbench did not end in time" };
        }

        var latencies = LatencyLog.ReadAndDelete(rig.Folder.Path, prefix, workload.Scripts.Count);
        if (!window.IsComplete)
        {
            return new ScriptResult
            {
                Party = party.Name,
                Round = round,
                Failure = "the logins took longer than pgbench was given",
            };
        }

        var pages = await window.PagesAsync();
        return new ScriptResult
        {
            Party = party.Name,
            Round = round,
            TransactionsPerSecond = window.TransactionsPerSecond,
            CpuMicrosecondsPerTransaction = window.CpuMicrosecondsPerTransaction,
            AllocatedBytesPerTransaction = await window.AllocatedBytesPerTransactionAsync(),
            LoopBytesPerTransaction = pages is { } ends ? window.PerTransaction(ends, LoopBytesMetric) : null,
            HitShare = pages is { } both ? HitShare.Between(both.First, both.Last) : null,
            Latencies =
            [
                .. workload.Scripts.Zip(latencies, (script, log) =>
                    new ScriptLatency(script.Name, log.Percentile(0.5), log.Percentile(0.99), log.Count)),
            ],
        };
    }
}
