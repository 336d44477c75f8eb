using System.Globalization;

namespace Freshet.Bench.Load.Rig;

/// <summary>What the kernel knows of a process: CPU time of all its threads, dead ones too, in ticks of 10 ms
/// (<c>/proc/PID/stat</c> fields 14 and 15), and resident memory (<c>/proc/PID/statm</c> field 2).</summary>
internal readonly record struct ProcessSample(TimeSpan Cpu, long ResidentBytes)
{
    /// <summary>USER_HZ is 100 on every Linux architecture that .NET runs on.</summary>
    private const int TicksPerSecond = 100;

    /// <exception cref="BenchException">The process is gone.</exception>
    public static ProcessSample Take(int processId) =>
        TryTake(processId) ?? throw new BenchException($"process {processId} is gone");

    /// <summary>Null when the process is gone.</summary>
    public static ProcessSample? TryTake(int processId)
    {
        try
        {
            return Read(processId);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The process with all that it has forked and that are still there; null when it is gone.</summary>
    public static ProcessSample? TryTakeFamily(int processId)
    {
        if (TryTake(processId) is not { } total)
            return null;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var id) || ParentOf(id) != processId
                || TryTake(id) is not { } child)
                continue;
            total = new ProcessSample(total.Cpu + child.Cpu, total.ResidentBytes + child.ResidentBytes);
        }

        return total;
    }

    private static int? ParentOf(int processId)
    {
        try
        {
            return int.Parse(FieldsOf(processId)[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null; // ended meanwhile
        }
    }

    /// <summary>From the third one on: the second is the program's name in brackets, which may hold blanks and brackets
    /// itself.</summary>
    private static string[] FieldsOf(int processId)
    {
        var stat = File.ReadAllText($"/proc/{processId}/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static ProcessSample Read(int processId)
    {
        var fields = FieldsOf(processId);
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture)
            + long.Parse(fields[12], CultureInfo.InvariantCulture);
        var resident = File.ReadAllText($"/proc/{processId}/statm").Split(' ')[1];
        return new ProcessSample(
            TimeSpan.FromSeconds((double)ticks / TicksPerSecond),
            long.Parse(resident, CultureInfo.InvariantCulture) * Environment.SystemPageSize);
    }
}
