using System.Globalization;
using System.Text;
using Freshet.Bench.Load.Pooling;
using Freshet.Bench.Load.Report;
using Freshet.Bench.Load.Rig;
using Freshet.Bench.Load.Wire;
using Freshet.Core.Wire.Auth;

namespace Freshet.Bench.Load.Idle;

/// <summary>What an idle client costs a pooler, and how fast clients log in. Each measurement is a new process, as
/// memory that an earlier fleet has touched would hide what the next one needs.</summary>
internal static class IdleCommand
{
    /// <summary>For the last messages to be written and the buffers given back, before memory is read.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);

    public static async Task<int> RunAsync(IdleOptions options, CancellationToken cancellationToken)
    {
        await using var rig = await BenchRig.StartAsync(options.Rig, cancellationToken);
        var machine = MachineDescription.Of(rig);
        var runs = new List<IdleRun>();
        for (var round = 0; round < options.Rounds; round++)
        {
            foreach (var auth in options.Auth)
            {
                if (rig.Options.Takes(Contenders.PgBouncerName))
                {
                    await using var pooler = await PgBouncer.StartAsync(
                        rig, Contenders.PgBouncerName, "transaction", auth, cancellationToken);
                    runs.Add(await MeasureAsync(rig, options, pooler.Party, auth, round, cancellationToken));
                }

                foreach (var (name, threads) in Contenders.FreshetVariants.Where(one => rig.Options.Takes(one.Name)))
                {
                    await using var pooler = await FreshetUp.StartAsync(rig, name, threads, auth, cancellationToken);
                    runs.Add(await MeasureAsync(rig, options, pooler.Party, auth, round, cancellationToken));
                }
            }
        }

        var result = new IdleResult { Machine = machine, Settings = options, Runs = runs };
        ResultFiles.Write(options.OutputFolder, "idle", Render(result), result);
        return runs.TrueForAll(run => run.Failure is null) ? 0 : 1;
    }

    private static async Task<IdleRun> MeasureAsync(
        BenchRig rig,
        IdleOptions options,
        Party party,
        ClientAuth auth,
        int round,
        CancellationToken cancellationToken)
    {
        var run = new IdleRun { Party = party.Name, Auth = auth, Round = round };
        try
        {
            run = await MeasureAsync(rig, options.Clients, party, run, cancellationToken);
        }
        catch (Exception failure) when (failure is BenchException or System.Net.Sockets.SocketException)
        {
            run = run with { Failure = failure.Message };
        }

        Console.Error.WriteLine($"round {round + 1}, {auth}: {party.Name} "
            + (run.Failure ?? $"{run.ResidentBytesPerClient:0} B/client, {run.LoginsPerSecond:0} logins/s"));
        return run;
    }

    private static async Task<IdleRun> MeasureAsync(
        BenchRig rig,
        int clients,
        Party party,
        IdleRun run,
        CancellationToken cancellationToken)
    {
        var processId = party.ProcessId ?? throw new BenchException($"{party.Name} has no process to measure");
        var secret = new ScramSecret(rig.Database.Password);
        ClientLogin StartLogin() => new(rig.Database.User, rig.Database.Name, secret);

        using (var first = new IdleFleet(party.Port, StartLogin))
            first.LogIn(1, cancellationToken);
        await Task.Delay(Settle, cancellationToken);

        var empty = ProcessSample.Take(processId);
        using var fleet = new IdleFleet(party.Port, StartLogin);
        var elapsed = fleet.LogIn(clients, cancellationToken);
        var connected = ProcessSample.Take(processId);
        await Task.Delay(Settle, cancellationToken);
        var full = ProcessSample.Take(processId);
        if (fleet.CountDisturbed() is > 0 and var disturbed)
            throw new BenchException($"{disturbed} of {clients} idle clients did not stay connected");
        return run with
        {
            EmptyResidentBytes = empty.ResidentBytes,
            FullResidentBytes = full.ResidentBytes,
            ResidentBytesPerClient = (double)(full.ResidentBytes - empty.ResidentBytes) / clients,
            LoginsPerSecond = clients / elapsed.TotalSeconds,
            CpuMicrosecondsPerLogin = (connected.Cpu - empty.Cpu).TotalMicroseconds / clients,
        };
    }

    private static string Render(IdleResult result)
    {
        var settings = result.Settings;
        var clients = settings.Clients.ToString("#,0", CultureInfo.InvariantCulture);
        var text = new StringBuilder($"# {clients} idle clients\n\n");
        text.Append(ResultFiles.Describe(result.Machine))
            .Append($"\nMedian of {settings.Rounds} fresh processes each. How to read it: docs/benchmarks.md.\n\n");
        ResultFiles.AppendRow(
            text, "login", "party", "bytes per client", "empty process MB", "logins/s", "CPU µs/login");
        text.Append("|---|---|--:|--:|--:|--:|\n");
        foreach (var runs in result.Runs.GroupBy(run => (run.Auth, run.Party)))
        {
            ResultFiles.AppendRow(
                text,
                runs.Key.Auth.ToString().ToLowerInvariant(),
                runs.Key.Party,
                ResultFiles.Format(Median.Of(runs.Select(run => run.ResidentBytesPerClient)), "#,0"),
                ResultFiles.Format(Median.Of(runs.Select(run => run.EmptyResidentBytes / 1048576.0)), "0.0"),
                ResultFiles.Format(Median.Of(runs.Select(run => run.LoginsPerSecond)), "#,0"),
                ResultFiles.Format(Median.Of(runs.Select(run => run.CpuMicrosecondsPerLogin)), "0"));
        }

        foreach (var run in result.Runs.Where(run => run.Failure is not null))
            text.Append($"\n- {run.Party}, {run.Auth}, round {run.Round + 1}: {run.Failure}\n");
        return text.ToString();
    }
}
