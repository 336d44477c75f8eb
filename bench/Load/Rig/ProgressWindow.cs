using System.Globalization;
using System.Text.RegularExpressions;

namespace Freshet.Bench.Load.Rig;

/// <summary>
/// Cuts the measured window out of a pgbench run. pgbench writes a progress line each second, counted from the moment
/// when all clients are connected; the window goes from the first line to the one <c>seconds</c> later. At these two
/// lines the pooler's CPU time and its metrics are read, so that logins, TLS handshakes, the first parse of the
/// statement and the disconnects stay outside. The transactions in between are the sum of the lines' rates.
/// Called on one thread at a time, as pgbench's lines come.
/// </summary>
internal sealed partial class ProgressWindow(
    Party party,
    int seconds,
    AllocationMeter? meter,
    CancellationToken cancellationToken)
{
    private double windowStart;
    private double lastLine;
    private double transactions;
    private int lines;
    private ProcessSample? first;
    private ProcessSample? last;
    private Task<MetricsPage?>? firstPage;
    private Task<MetricsPage?>? lastPage;

    public bool IsComplete => lines > seconds;

    public double TransactionsPerSecond => transactions / (lastLine - windowStart);

    public double? CpuMicrosecondsPerTransaction =>
        (last?.Cpu - first?.Cpu)?.TotalMicroseconds / transactions;

    public void OnLine(string line)
    {
        var match = ProgressLine().Match(line);
        if (!match.Success || IsComplete)
            return;
        var at = double.Parse(match.Groups["at"].Value, CultureInfo.InvariantCulture);
        var rate = double.Parse(match.Groups["rate"].Value, CultureInfo.InvariantCulture);
        lines++;
        if (lines == 1)
        {
            // The page is read beside the first sample and after the last one: at most one reading, about a
            // millisecond of CPU, is counted to a window of seconds.
            firstPage = Task.Run(ReadPageAsync, cancellationToken);
            windowStart = at;
            first = Sample();
        }
        else
        {
            transactions += rate * (at - lastLine);
        }

        lastLine = at;
        if (IsComplete)
        {
            last = Sample();
            lastPage = Task.Run(ReadPageAsync, cancellationToken);
        }
    }

    public async Task<double?> AllocatedBytesPerTransactionAsync()
    {
        if (meter is null || await PagesAsync() is not { } pages)
            return null;
        return meter.Between(pages.First, pages.Last) / transactions;
    }

    /// <summary>The process's metrics at both ends of the window; null when it does not tell.</summary>
    public async Task<(MetricsPage First, MetricsPage Last)?> PagesAsync()
    {
        if (firstPage is null || lastPage is null)
            return null;
        return await firstPage is { } first && await lastPage is { } last ? (first, last) : null;
    }

    /// <summary>A counter's growth in the window for each transaction; null when the pages do not hold it.</summary>
    public double? PerTransaction((MetricsPage First, MetricsPage Last) pages, string counter) =>
        (pages.Last.Sum(counter) - pages.First.Sum(counter)) / transactions;

    private ProcessSample? Sample() => party.ProcessId is { } id
        ? party.HasChildProcesses ? ProcessSample.TryTakeFamily(id) : ProcessSample.TryTake(id)
        : null;

    private Task<MetricsPage?> ReadPageAsync() =>
        meter?.ReadAsync(cancellationToken) ?? Task.FromResult<MetricsPage?>(null);

    [GeneratedRegex(@"^progress: (?<at>[\d.]+) s, (?<rate>[\d.]+) tps", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ProgressLine();
}
