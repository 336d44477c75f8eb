using Freshet.Bench.Load.Report;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Pooling;

/// <summary>
/// Select-only pgbench through every party, cell by cell. In a cell the parties take turns, round after round, so a
/// machine that gets slower or busier in between does it to all of them.
/// </summary>
internal static class PoolingCommand
{
    public static async Task<int> RunAsync(PoolingOptions options, CancellationToken cancellationToken)
    {
        await using var rig = await BenchRig.StartAsync(options.Rig, cancellationToken);
        var machine = MachineDescription.Of(rig);
        await using var contenders = await Contenders.StartAsync(rig, options.Auth, cancellationToken);
        var pgbench = new PgbenchRun(rig, options);
        var cells = new List<CellResult>();
        var interrupted = false;
        foreach (var cell in options.Cells)
        {
            try
            {
                cells.Add(await MeasureAsync(options, contenders, pgbench, cell, cancellationToken));
            }
            catch (OperationCanceledException) when (cells.Count > 0)
            {
                Console.Error.WriteLine("interrupted: the cells that are complete are kept");
                interrupted = true;
                break;
            }
        }

        var result = new PoolingResult { Machine = machine, Settings = options, Cells = cells };
        ResultFiles.Write(options.OutputFolder, "pooling", PoolingReport.Render(result), result);
        if (interrupted)
            return 130;
        return cells.TrueForAll(cell => cell.Runs.All(run => run.Failure is null)) ? 0 : 1;
    }

    private static async Task<CellResult> MeasureAsync(
        PoolingOptions options,
        Contenders contenders,
        PgbenchRun pgbench,
        Cell cell,
        CancellationToken cancellationToken)
    {
        var (baseline, missing) = contenders.Baseline(cell);
        var direct = contenders.Find(Contenders.Direct);
        var poolers = new[]
        {
            baseline, contenders.Find(Contenders.FreshetName), contenders.Find(Contenders.FreshetTwoThreads),
        };
        var runs = new List<RunResult>();
        for (var round = 0; round < options.Rounds; round++)
        {
            var turn = round < options.DirectRounds ? [direct, .. poolers] : poolers;
            foreach (var party in turn.OfType<Party>())
            {
                var run = await pgbench.RunAsync(cell, party, round, contenders.Meter(party), cancellationToken);
                runs.Add(run);
                Console.Error.WriteLine(
                    $"{cell.Protocol}, {cell.Clients} clients{(cell.Tls ? ", TLS" : "")}, round {round + 1}: "
                    + $"{party.Name} {run.Failure ?? $"{run.TransactionsPerSecond:0} tps"}");
            }
        }

        return new CellResult { Cell = cell, Baseline = baseline?.Name, MissingBaseline = missing, Runs = runs };
    }
}
