using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Freshet.Bench.Load.Pooling;
using Freshet.Bench.Load.Report;
using Freshet.Bench.Load.Rig;
using Freshet.Bench.Load.Wire;
using Freshet.Core.Wire.Auth;

namespace Freshet.Bench.Load.Copy;

/// <summary>A large COPY through every party in turn. The server makes the rows up and throws them away
/// (<c>generate_series</c>, <c>WHERE false</c>), so that no disk is measured.</summary>
internal static class CopyCommand
{
    private const string In = "in";
    private const string Out = "out";

    public static async Task<int> RunAsync(CopyOptions options, CancellationToken cancellationToken)
    {
        await using var rig = await BenchRig.StartAsync(options.Rig, cancellationToken);
        var machine = MachineDescription.Of(rig);
        await rig.Database.ExecuteAsync("CREATE UNLOGGED TABLE copy_target (value text)", cancellationToken);
        await using var contenders = await Contenders.StartAsync(rig, ClientAuth.Scram, cancellationToken);
        var parties = contenders.InTurn;
        foreach (var party in parties)
        {
            // The first megabytes grow the socket's and the runtime's memory once; that is not the copy's.
            foreach (var direction in (string[])[Out, In])
                RunOnce(rig, options with { Megabytes = 10 }, party, direction, round: -1, cancellationToken);
        }

        var runs = new List<CopyRun>();
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var direction in (string[])[Out, In])
            {
                foreach (var party in parties)
                    runs.Add(RunOnce(rig, options, party, direction, round, cancellationToken));
            }
        }

        var result = new CopyResult { Machine = machine, Settings = options, Runs = runs };
        ResultFiles.Write(options.OutputFolder, "copy", Render(result), result);
        return runs.TrueForAll(run => run.Failure is null) ? 0 : 1;
    }

    private static CopyRun RunOnce(
        BenchRig rig,
        CopyOptions options,
        Party party,
        string direction,
        int round,
        CancellationToken cancellationToken)
    {
        var run = new CopyRun { Party = party.Name, Direction = direction, Round = round };
        try
        {
            run = Measure(rig, options, party, run, cancellationToken);
        }
        catch (Exception failure) when (failure is BenchException or SocketException)
        {
            run = run with { Failure = failure.Message };
        }

        if (round >= 0 || run.Failure is not null)
        {
            Console.Error.WriteLine($"round {round + 1}, copy {direction}: {party.Name} "
                + (run.Failure ?? $"{run.MegabytesPerSecond:0} MB/s, grew {run.ResidentGrowthBytes / 1024} KB"));
        }

        return run;
    }

    private static CopyRun Measure(
        BenchRig rig,
        CopyOptions options,
        Party party,
        CopyRun run,
        CancellationToken cancellationToken)
    {
        var login = new ClientLogin(
            rig.Database.User, rig.Database.Name, new ScramSecret(rig.Database.Password));
        using var connection = WireConnection.Open(party.Port, login);
        // Lends a server connection once, so that its making is not in the time.
        connection.Run("SELECT 1", cancellationToken);

        using var memory = party.ProcessId is { } id ? new MemoryPeak(id) : null;
        var before = party.ProcessId is { } first ? ProcessSample.Take(first).Cpu : default;
        var watch = Stopwatch.StartNew();
        var bytes = run.Direction is Out
            ? connection.Run(
                $"COPY (SELECT pg_catalog.repeat('x', {options.RowBytes - 1}) FROM "
                + $"(SELECT pg_catalog.generate_series(1, {options.Rows})) AS rows) TO STDOUT", cancellationToken)
            : connection.CopyIn(
                "COPY copy_target FROM STDIN WHERE false",
                Encoding.ASCII.GetBytes(new string('x', options.RowBytes - 1) + "\n"), options.Rows,
                cancellationToken);
        watch.Stop();
        var megabytes = bytes / 1e6;
        return run with
        {
            MegabytesPerSecond = megabytes / watch.Elapsed.TotalSeconds,
            ResidentGrowthBytes = memory?.GrowthBytes,
            CpuMillisecondsPerMegabyte = party.ProcessId is { } last
                ? (ProcessSample.Take(last).Cpu - before).TotalMilliseconds / megabytes
                : null,
        };
    }

    private static string Render(CopyResult result)
    {
        var settings = result.Settings;
        var text = new StringBuilder($"# COPY of {settings.Megabytes} MB\n\n");
        text.Append(ResultFiles.Describe(result.Machine))
            .Append($"\nRows of {settings.RowBytes} bytes, plain connections; speed: median of {settings.Rounds} ")
            .Append("rounds, parties in turn; memory: the largest growth of any round. How to read it: ")
            .Append("docs/benchmarks.md.\n\n");
        ResultFiles.AppendRow(text, "direction", "party", "MB/s", "× PgBouncer", "CPU ms/MB", "memory growth MB");
        text.Append("|---|---|--:|--:|--:|--:|\n");
        foreach (var runs in result.Runs.GroupBy(run => (run.Direction, run.Party)))
        {
            var ratio = Median.OfRatios(
                from mine in runs
                from theirs in result.Runs
                where theirs.Party is Contenders.PgBouncerName && theirs.Round == mine.Round
                    && string.Equals(theirs.Direction, mine.Direction, StringComparison.Ordinal)
                select (mine.MegabytesPerSecond, theirs.MegabytesPerSecond));
            ResultFiles.AppendRow(
                text,
                runs.Key.Direction,
                runs.Key.Party,
                ResultFiles.Format(Median.Of(runs.Select(run => run.MegabytesPerSecond)), "#,0"),
                ResultFiles.Format(ratio, "0.00"),
                ResultFiles.Format(Median.Of(runs.Select(run => run.CpuMillisecondsPerMegabyte)), "0.00"),
                ResultFiles.Format(runs.Max(run => run.ResidentGrowthBytes / 1048576.0), "0.0"));
        }

        foreach (var run in result.Runs.Where(run => run.Failure is not null))
            text.Append($"\n- {run.Party}, {run.Direction}, round {run.Round + 1}: {run.Failure}\n");
        return text.ToString();
    }
}
