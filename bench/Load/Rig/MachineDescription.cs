using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Freshet.Bench.Load.Rig;

/// <summary>What a reader must know of the machine to place the numbers; nothing that identifies it.</summary>
internal sealed record MachineDescription
{
    public int Processors { get; init; } = Environment.ProcessorCount;
    public string ProcessorModel { get; init; } = ReadField("/proc/cpuinfo", "model name") ?? "unknown";
    public long MemoryMegabytes { get; init; } = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20;

    /// <summary>Major and minor number only: the rest of a kernel's name is the builder's own.</summary>
    public string Kernel { get; init; } = "Linux " + Environment.OSVersion.Version.ToString(2);
    public string DotNet { get; init; } = RuntimeInformation.FrameworkDescription;
    public required string PostgreSql { get; init; }
    public required string PgBouncer { get; init; }

    /// <summary>Short commit of the source tree; with <c>+</c> when files differ from it.</summary>
    public string Freshet { get; init; } = ReadCommit();

    /// <summary>Runnable processes per processor at the start: above 0.5 somebody else was at work too.</summary>
    public double LoadAtStart { get; init; } = ReadLoad();

    public static MachineDescription Of(BenchRig rig) => new()
    {
        PostgreSql = rig.Database.Version,
        PgBouncer = rig.Options.Parties.Any(party => party.StartsWith("pgbouncer", StringComparison.Ordinal))
            ? Rig.PgBouncer.ReadVersion(rig.Options.PgBouncerProgram).ToString()
            : "not used",
    };

    private static string? ReadField(string file, string name) => File.ReadLines(file)
        .Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Select(line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim())
        .FirstOrDefault();

    private static double ReadLoad() => Math.Round(
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0]) / Environment.ProcessorCount, 2);

    private static string ReadCommit()
    {
        try
        {
            return Git("rev-parse", "--short", "HEAD") + (Git("status", "--porcelain", "src").Length > 0 ? "+" : "");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown (no git)";
        }
    }

    private static string Git(params string[] arguments)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            WorkingDirectory = SourceTree.Root,
        };
        using var git = Process.Start(start) ?? throw new BenchException("'git' did not start");
        var text = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        return text;
    }
}
