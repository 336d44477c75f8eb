using Freshet.Bench.Load.Report;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>The cache against the database itself, Pgpool-II's query cache, its own being off, and a server that
/// answers canned bytes. Interrupted, it keeps what is complete.</summary>
internal static class CacheCommand
{
    public static async Task<int> RunAsync(CacheOptions options, CancellationToken cancellationToken)
    {
        await using var rig = await BenchRig.StartAsync(options.Rig, cancellationToken);
        await rig.Database.ExecuteAsync(CacheWorkload.CreateSide, cancellationToken);
        var machine = MachineDescription.Of(rig);
        await using var contenders = await CacheContenders.StartAsync(rig, cancellationToken);
        var run = new CacheRun(rig, contenders, options);
        var interrupted = false;
        try
        {
            foreach (var part in options.Parts.Distinct(StringComparer.Ordinal))
                await run.MeasureAsync(part, cancellationToken);
        }
        catch (OperationCanceledException) when (run.HasResults)
        {
            Console.Error.WriteLine("interrupted: what is complete is kept");
            interrupted = true;
        }

        var result = run.Result(machine);
        ResultFiles.Write(options.OutputFolder, "cache", CacheReport.Render(result), result);
        if (interrupted)
            return 130;
        return result.Cells.All(cell => cell.Runs.All(one => one.Failure is null)) ? 0 : 1;
    }
}
