using System.Globalization;

namespace Freshet.Server.Http;

/// <summary>The process's own numbers, under the names that Prometheus client libraries use.</summary>
internal static class ProcessMetrics
{
    public static void Write(ExpositionWriter writer, long droppedLogLines)
    {
        writer.Gauge("process_resident_memory_bytes", "Resident memory.");
        writer.Sample(ResidentBytes());
        writer.Counter("process_cpu_seconds_total", "User and system CPU time.");
        writer.Sample(Environment.CpuUsage.TotalTime.TotalSeconds);
        writer.Gauge("process_open_fds", "Open file descriptors.");
        writer.Sample(OpenFileDescriptors());
        writer.Gauge("process_max_fds", "Most file descriptors allowed (soft limit).");
        writer.Sample(MostFileDescriptors());
        writer.Gauge("process_start_time_seconds", "Start of the process since the epoch.");
        writer.Sample(StartTime);
        writer.Counter("dotnet_gc_allocated_bytes_total", "Bytes allocated on the managed heap.");
        writer.Sample(GC.GetTotalAllocatedBytes(precise: false));
        writer.Counter("dotnet_gc_collections_total", "Garbage collections by generation.");
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            // A collection of a generation counts in the younger ones too: subtract, so that the sum is the number.
            var older = generation == GC.MaxGeneration ? 0 : GC.CollectionCount(generation + 1);
            writer.Sample(
                GC.CollectionCount(generation) - older,
                ("generation", generation.ToString(CultureInfo.InvariantCulture))
            );
        }
        writer.Gauge("dotnet_gc_heap_bytes", "Managed heap in use.");
        writer.Sample(GC.GetTotalMemory(forceFullCollection: false));
        writer.Counter("freshet_log_lines_dropped_total", "Log lines lost because the log could not keep up.");
        writer.Sample(droppedLogLines);
        writer.Gauge("freshet_build_info", "1; the version is the label.");
        writer.Sample(1, ("version", Version));
    }

    private static readonly string Version = typeof(ProcessMetrics).Assembly.GetName().Version!.ToString(3);

    private static readonly double StartTime = ReadStartTime();

    private static double ReadStartTime()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1e3;
    }

    // The second number of statm is the resident set in pages.
    private static double ResidentBytes() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture)
        * (double)Environment.SystemPageSize;

    // The directory that lists them is open while it is read.
    private static double OpenFileDescriptors() => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() - 1;

    private static double MostFileDescriptors()
    {
        const string Name = "Max open files";
        var line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith(Name, StringComparison.Ordinal));
        var soft = line[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return double.TryParse(soft, CultureInfo.InvariantCulture, out var number) ? number : double.PositiveInfinity;
    }
}
