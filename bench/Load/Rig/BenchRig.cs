using Freshet.Server.Demo;

namespace Freshet.Bench.Load.Rig;

/// <summary>
/// Everything a run needs and has to take away again: the work folder, the database, the certificate. Poolers are
/// started on it by the subcommands, which end them before the rig.
/// </summary>
internal sealed class BenchRig : IAsyncDisposable
{
    private BenchRig(RigOptions options, ServerAccount account, WorkFolder folder, TlsFiles tls, BenchDatabase database)
    {
        Options = options;
        Account = account;
        Folder = folder;
        Tls = tls;
        Database = database;
    }

    public RigOptions Options { get; }

    public ServerAccount Account { get; }

    public WorkFolder Folder { get; }

    public TlsFiles Tls { get; }

    public BenchDatabase Database { get; }

    /// <summary>The copy that the servers' user can read and run, wherever the source tree lies.</summary>
    public string FreshetProgram { get; private set; } = "";

    /// <summary>A home to write to, and the SDK that runs the bench.</summary>
    public IReadOnlyDictionary<string, string> FreshetEnvironment => new Dictionary<string, string>(
        StringComparer.Ordinal)
    {
        ["HOME"] = Folder.Path,
        ["DOTNET_ROOT"] = Environment.GetEnvironmentVariable("DOTNET_ROOT")
            ?? Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(),
                "..", "..", "..")),
        ["FRESHET__MAXCLIENTCONNECTIONS"] = Options.MaxClients.ToString(),
    };

    public static async Task<BenchRig> StartAsync(RigOptions options, CancellationToken cancellationToken)
    {
        var account = ServerAccount.Choose();
        var folder = new WorkFolder(account);
        BenchDatabase? database = null;
        try
        {
            var tls = TlsFiles.Create(folder);
            database = await BenchDatabase.StartAsync(options, folder, tls, cancellationToken);
            var rig = new BenchRig(options, account, folder, tls, database);
            if (options.Parties.Any(party => party.StartsWith("freshet", StringComparison.Ordinal)))
                rig.FreshetProgram = CopyFreshet(options, folder);
            return rig;
        }
        catch
        {
            if (database is not null)
                await database.DisposeAsync();
            folder.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Folder.Dispose();
    }

    private static string CopyFreshet(RigOptions options, WorkFolder folder)
    {
        var program = options.FreshetProgram
            ?? Path.Combine(SourceTree.Root, "src", "Freshet.Server", "bin", "Release", "net10.0", "freshet");
        if (!File.Exists(program))
        {
            throw new BenchException(
                $"--freshet {program} does not exist: build src/Freshet.Server with -c Release first");
        }

        var source = Path.GetDirectoryName(Path.GetFullPath(program))!;
        var target = folder.Combine("freshet");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return Path.Combine(target, Path.GetFileName(program));
    }
}
