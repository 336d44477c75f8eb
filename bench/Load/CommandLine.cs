using System.CommandLine;
using Freshet.Bench.Load.Cache;
using Freshet.Bench.Load.Copy;
using Freshet.Bench.Load.Idle;
using Freshet.Bench.Load.Pooling;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load;

/// <summary>The options of the subcommands, their defaults, and how they become the runs' settings.</summary>
internal static class CommandLine
{
    private static readonly string[] AllParties =
        [Contenders.Direct, Contenders.PgBouncerName, Contenders.FreshetName, Contenders.FreshetTwoThreads];

    private static readonly Option<string[]> Parties = Many("--parties", AllParties, "Who takes part");
    private static readonly Option<string> PgBouncerProgram =
        One("--pgbouncer", "pgbouncer", "The PgBouncer to compare with");
    private static readonly Option<string?> FreshetProgram =
        new("--freshet") { Description = "The freshet program; default: the Release build of this source tree" };
    private static readonly Option<int> PoolSize = One("--pool-size", 20, "Server connections of each pooler");
    private static readonly Option<int> Rounds = One("--rounds", 5, "Rounds; the result is their median");
    private static readonly Option<string> Output =
        One("--output", Path.Combine("bench", "results"), "Folder for the result files, from the source tree's root");

    public static RootCommand Build()
    {
        var pooling = BuildPooling();
        var root = new RootCommand("Compares Freshet with other ways to the database.")
        {
            pooling, BuildIdle(), BuildCopy(),
        };
        foreach (var command in root.Subcommands)
        {
            foreach (var option in (Option[])[Parties, PgBouncerProgram, FreshetProgram, PoolSize, Rounds, Output])
                command.Options.Add(option);
        }

        root.Subcommands.Add(BuildCache());
        return root;
    }

    private static Command BuildCache()
    {
        var parts = Many("--parts", CacheParts.All, "What is measured");
        parts.AcceptOnlyFromAmong(CacheParts.All);
        var protocols = Many("--protocols", ["simple", "extended", "prepared"], "pgbench's -M, for hits and misses");
        protocols.AcceptOnlyFromAmong("simple", "extended", "prepared");
        var seconds = One("--seconds", 3, "Measured window of each run");
        var clients = One("--clients", 16, "pgbench's -c");
        var hotKeys = One("--hot-keys", 100, "So many rows are read again and again");
        var probes = One("--probes", 1_000, "How often a commit is looked for through the cache");
        var command = new Command("cache", "The result cache: hits, misses, writes, mixed traffic, staleness")
        {
            parts, protocols, seconds, clients, hotKeys, probes, FreshetProgram, PoolSize, Rounds, Output,
        };
        command.SetAction((parsed, cancellationToken) => CacheCommand.RunAsync(
            new CacheOptions
            {
                Rig = new RigOptions
                {
                    // Who takes part is CacheContenders' matter; the rig has to know that it needs Freshet.
                    Parties = [Contenders.FreshetName],
                    FreshetProgram = parsed.GetValue(FreshetProgram),
                    PoolSize = parsed.GetValue(PoolSize),
                },
                Parts = parsed.GetValue(parts)!,
                Protocols = parsed.GetValue(protocols)!,
                Rounds = parsed.GetValue(Rounds),
                Seconds = parsed.GetValue(seconds),
                Clients = parsed.GetValue(clients),
                HotKeys = parsed.GetValue(hotKeys),
                Probes = parsed.GetValue(probes),
                OutputFolder = OutputFolder(parsed),
            },
            cancellationToken));
        return command;
    }

    private static Command BuildPooling()
    {
        var protocols = Many("--protocols", ["simple", "extended", "prepared"], "pgbench's -M");
        protocols.AcceptOnlyFromAmong("simple", "extended", "prepared");
        var clients = Many("--clients", [1, 16, 256, 1_000], "pgbench's -c");
        var tls = Many("--tls", ["off", "on"], "TLS between client and pooler");
        tls.AcceptOnlyFromAmong("off", "on");
        var auth = One("--auth", ClientAuth.Trust, "How clients log in");
        var directRounds = One("--direct-rounds", 1, "In how many rounds the direct way is measured too");
        var seconds = One("--seconds", 3, "Measured window of each run");
        var sampling = One("--sampling-rate", 0.1, "Share of transactions whose latency is recorded");
        var jobs = One("--jobs", 1, "pgbench's -j");
        var scale = One("--scale", 10, "pgbench's scale");
        var command = new Command("pooling", "Select-only pgbench: throughput, CPU, latency, allocations")
        {
            protocols, clients, tls, auth, directRounds, seconds, sampling, jobs, scale,
        };
        command.SetAction((parsed, cancellationToken) => PoolingCommand.RunAsync(
            new PoolingOptions
            {
                Rig = ReadRig(parsed) with { Scale = parsed.GetValue(scale) },
                Protocols = parsed.GetValue(protocols)!,
                Clients = parsed.GetValue(clients)!,
                Tls = parsed.GetValue(tls)!.Select(mode => mode is "on").ToList(),
                Auth = parsed.GetValue(auth),
                Rounds = parsed.GetValue(Rounds),
                DirectRounds = parsed.GetValue(directRounds),
                Seconds = parsed.GetValue(seconds),
                SamplingRate = parsed.GetValue(sampling),
                Jobs = parsed.GetValue(jobs),
                OutputFolder = OutputFolder(parsed),
            },
            cancellationToken));
        return command;
    }

    private static Command BuildIdle()
    {
        var clients = One("--clients", 10_000, "Idle clients");
        var auth = Many("--auth", [ClientAuth.Trust, ClientAuth.Scram], "How clients log in");
        var command = new Command("idle", "Idle clients: memory of the pooler per client, logins per second")
        {
            clients, auth,
        };
        command.SetAction((parsed, cancellationToken) => IdleCommand.RunAsync(
            new IdleOptions
            {
                Rig = ReadRig(parsed) with { Scale = 1 },
                Clients = parsed.GetValue(clients),
                Auth = parsed.GetValue(auth)!,
                Rounds = parsed.GetValue(Rounds),
                OutputFolder = OutputFolder(parsed),
            },
            cancellationToken));
        return command;
    }

    private static Command BuildCopy()
    {
        var megabytes = One("--megabytes", 1_000, "Size of each COPY");
        var rowBytes = One("--row-bytes", 1_000, "Size of a row");
        var command = new Command("copy", "COPY TO STDOUT and FROM STDIN: speed, memory of the pooler")
        {
            megabytes, rowBytes,
        };
        command.SetAction((parsed, cancellationToken) => CopyCommand.RunAsync(
            new CopyOptions
            {
                Rig = ReadRig(parsed) with { Scale = 1 },
                Rounds = parsed.GetValue(Rounds),
                Megabytes = parsed.GetValue(megabytes),
                RowBytes = parsed.GetValue(rowBytes),
                OutputFolder = OutputFolder(parsed),
            },
            cancellationToken));
        return command;
    }

    private static RigOptions ReadRig(ParseResult parsed) => new()
    {
        Parties = parsed.GetValue(Parties)!,
        PgBouncerProgram = parsed.GetValue(PgBouncerProgram)!,
        FreshetProgram = parsed.GetValue(FreshetProgram),
        PoolSize = parsed.GetValue(PoolSize),
    };

    private static string OutputFolder(ParseResult parsed) => Path.Combine(SourceTree.Root, parsed.GetValue(Output)!);

    private static Option<T> One<T>(string name, T defaultValue, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => defaultValue };

    private static Option<T[]> Many<T>(string name, T[] defaultValue, string description) =>
        new(name)
        {
            Description = description,
            DefaultValueFactory = _ => defaultValue,
            AllowMultipleArgumentsPerToken = true,
        };
}
