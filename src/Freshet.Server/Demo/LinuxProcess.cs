using System.Globalization;
using System.Runtime.InteropServices;

namespace Freshet.Server.Demo;

/// <summary>What /proc says about a process, and signals to it. A process that is gone reads as null or zero, never as
/// an exception: it may end between two looks.</summary>
internal static class LinuxProcess
{
    public const int SignalInterrupt = 2;
    public const int SignalQuit = 3;
    public const int SignalKill = 9;
    public const int SignalTerminate = 15;

    // USER_HZ: the unit of the times in /proc/PID/stat, 100 on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int processId, int signal);

    public static bool Signal(int processId, int signal)
    {
        // 0, 1 and negative numbers address groups, init, or everything: never meant here.
        ArgumentOutOfRangeException.ThrowIfLessThan(processId, 2);
        return SendSignal(processId, signal) == 0;
    }

    /// <summary>Runs and is no zombie.</summary>
    public static bool IsAlive(int processId) => Stat(processId) is { } stat && stat[0] is not ("Z" or "X");

    /// <summary>Clock ticks from boot to the start of the process. With its id it names a process for ever.</summary>
    public static long? StartTicks(int processId) =>
        Stat(processId) is { } stat ? long.Parse(stat[19], CultureInfo.InvariantCulture) : null;

    /// <summary>User and system time so far, children that were waited for not included.</summary>
    public static TimeSpan CpuTime(int processId)
    {
        if (Stat(processId) is not { } stat)
            return TimeSpan.Zero;
        var ticks = long.Parse(stat[11], CultureInfo.InvariantCulture)
            + long.Parse(stat[12], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    /// <summary>User and system time of the process and of all its children that ended and were waited for: with the
    /// living children's own times added it is everything a PostgreSQL server ever used.</summary>
    public static TimeSpan CpuTimeWithEndedChildren(int processId)
    {
        if (Stat(processId) is not { } stat)
            return TimeSpan.Zero;
        var ticks = 0L;
        for (var field = 11; field <= 14; field++)
            ticks += long.Parse(stat[field], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    public static IReadOnlyList<int> Children(int processId)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{processId}/task/{processId}/children");
            return [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
        }
        catch (IOException)
        {
            return []; // it ended meanwhile
        }
    }

    /// <summary>The words of the command line, each ended by a zero; a process may overwrite them (PostgreSQL does).
    /// Empty when it is gone.</summary>
    public static byte[] CommandLine(int processId)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{processId}/cmdline");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Where the process stands, or null when it is gone or not ours to look at.</summary>
    public static string? WorkingDirectory(int processId)
    {
        try
        {
            return new FileInfo($"/proc/{processId}/cwd").LinkTarget;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The fields of /proc/PID/stat from the third one (state) on. The second is the program's name in
    /// parentheses, which may hold blanks and parentheses itself: cut after the last one.</summary>
    private static string[]? Stat(int processId)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{processId}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // ESRCH or no such file: it ended
        }
    }
}
