using System.Globalization;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Pooling;

/// <summary>Runs pgbench once through one party. The script is pgbench's own select-only one: a random row of
/// <c>pgbench_accounts</c> by its primary key.</summary>
internal sealed class PgbenchRun(BenchRig rig, PoolingOptions options)
{
    private const string Script = """
        \set aid random(1, 100000 * :scale)
        SELECT abalance FROM pgbench_accounts WHERE aid = :aid;

        """;

    /// <summary>Warm-up, and the second in which pgbench may not write its last progress line.</summary>
    private const int ExtraSeconds = 2;

    /// <summary>For 1,000 logins with TLS on a busy machine.</summary>
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(60);

    /// <summary>pgbench's <c>-T</c> counts the logins too, which take long where each starts a server process and
    /// computes SCRAM. What was too short once is longer the next time.</summary>
    private const int LoginSecondsStep = 15;
    private const int Attempts = 3;

    private readonly Dictionary<(string Party, int Clients, bool Tls), int> loginSeconds = [];
    private int number;

    public async Task<RunResult> RunAsync(
        Cell cell,
        Party party,
        int round,
        AllocationMeter? meter,
        CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (await TryRunAsync(cell, party, round, meter, cancellationToken) is { } result)
                return result;
            if (attempt == Attempts)
                return Failed(party, round, "the logins took longer than pgbench was given");
            var key = (party.Name, cell.Clients, cell.Tls);
            loginSeconds[key] = loginSeconds.GetValueOrDefault(key) + LoginSecondsStep;
        }
    }

    /// <summary>Null when pgbench ended before the window did.</summary>
    private async Task<RunResult?> TryRunAsync(
        Cell cell,
        Party party,
        int round,
        AllocationMeter? meter,
        CancellationToken cancellationToken)
    {
        var script = rig.Folder.Combine("select.sql");
        await File.WriteAllTextAsync(script, Script, cancellationToken);
        var prefix = $"latency-{++number}";
        var seconds = options.Seconds + ExtraSeconds
            + loginSeconds.GetValueOrDefault((party.Name, cell.Clients, cell.Tls));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConnectLimit + TimeSpan.FromSeconds(2 * seconds));
        var window = new ProgressWindow(party, options.Seconds, meter, limit.Token);
        string[] command =
        [
            rig.Database.PgBench, "-n", "-f", script, "-D", $"scale={rig.Options.Scale}", "-M", cell.Protocol,
            "-c", cell.Clients.ToString(), "-j", Math.Min(options.Jobs, cell.Clients).ToString(),
            "-T", seconds.ToString(), "-P", "1",
            "-l", "--log-prefix", prefix,
            "--sampling-rate", options.SamplingRate.ToString(CultureInfo.InvariantCulture),
        ];
        await using var pgbench = ChildProcess.Start(
            "pgbench", command, rig.Database.ClientEnvironment(party.Port, cell.Tls), rig.Folder.Path,
            onErrorLine: window.OnLine);
        try
        {
            await pgbench.WaitForSuccessAsync(limit.Token);
        }
        catch (BenchException failure)
        {
            return Failed(party, round, failure.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed(party, round, "pgbench did not end in time");
        }

        var latencies = LatencyLog.ReadAndDelete(rig.Folder.Path, prefix);
        if (!window.IsComplete)
            return null;
        return new RunResult
        {
            Party = party.Name,
            Round = round,
            TransactionsPerSecond = window.TransactionsPerSecond,
            CpuMicrosecondsPerTransaction = window.CpuMicrosecondsPerTransaction,
            P50Microseconds = latencies.Percentile(0.50),
            P99Microseconds = latencies.Percentile(0.99),
            LatencySamples = latencies.Count,
            AllocatedBytesPerTransaction = await window.AllocatedBytesPerTransactionAsync(),
        };
    }

    private static RunResult Failed(Party party, int round, string message) =>
        new() { Party = party.Name, Round = round, Failure = message };
}
