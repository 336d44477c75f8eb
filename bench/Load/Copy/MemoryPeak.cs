using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Copy;

/// <summary>Watches a process's resident memory, every 10 ms on a timer thread, until it is disposed.</summary>
internal sealed class MemoryPeak : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    private readonly int processId;
    private readonly long before;
    private readonly Timer timer;
    private long peak;

    public MemoryPeak(int processId)
    {
        this.processId = processId;
        before = peak = ProcessSample.Take(processId).ResidentBytes;
        timer = new Timer(_ => Look(), state: null, Interval, Interval);
    }

    public long GrowthBytes => Interlocked.Read(ref peak) - before;

    public void Dispose() => timer.Dispose();

    private void Look()
    {
        // A pooler that died is noticed by the copy itself.
        if (ProcessSample.TryTake(processId) is { } now && now.ResidentBytes > Interlocked.Read(ref peak))
            Interlocked.Exchange(ref peak, now.ResidentBytes);
    }
}
