using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Freshet.Server.Feed.Pulse;

/// <summary>Sleeps for less than the milliseconds that .NET's waits count in.</summary>
internal static partial class ShortSleep
{
    /// <summary>Sleeps about so long; a signal may end it earlier.</summary>
    /// <param name="stopwatchTicks">Less than a second; 0 or less does not sleep.</param>
    public static void For(long stopwatchTicks)
    {
        if (stopwatchTicks > 0)
        {
            var time = new TimeSpecification(0, (nint)(stopwatchTicks * 1_000_000_000L / Stopwatch.Frequency));
            _ = NanoSleep(in time, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int NanoSleep(in TimeSpecification time, nint remaining);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TimeSpecification(nint seconds, nint nanoseconds)
    {
        public readonly nint Seconds = seconds;
        public readonly nint Nanoseconds = nanoseconds;
    }
}
