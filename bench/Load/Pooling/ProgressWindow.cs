using System.Globalization;
using System.Text.RegularExpressions;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Pooling;

/// <summary>
/// Cuts the measured window out of a pgbench run. pgbench writes a progress line each second, counted from the moment
/// when all clients are connected; the window goes from the first line to the one <c>seconds</c> later. At these two
/// lines the pooler's CPU time and allocations are read, so that logins, TLS handshakes, the first parse of the
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
    private Task<double?>? firstAllocation;
    private Task<double?>? lastAllocation;

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
            firstAllocation = Task.Run(ReadAllocationAsync, cancellationToken);
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
            lastAllocation = Task.Run(ReadAllocationAsync, cancellationToken);
        }
    }

    public async Task<double?> AllocatedBytesPerTransactionAsync()
    {
        if (meter is null || firstAllocation is null || lastAllocation is null)
            return null;
        return await firstAllocation is { } before && await lastAllocation is { } after
            ? meter.Between(before, after) / transactions
            : null;
    }

    private ProcessSample? Sample() => party.ProcessId is { } id ? ProcessSample.TryTake(id) : null;

    private Task<double?> ReadAllocationAsync() =>
        meter?.ReadAsync(cancellationToken) ?? Task.FromResult<double?>(null);

    [GeneratedRegex(@"^progress: (?<at>[\d.]+) s, (?<rate>[\d.]+) tps", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ProgressLine();
}
