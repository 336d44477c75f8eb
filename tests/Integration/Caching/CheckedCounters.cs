using System.Diagnostics;

namespace Freshet.Tests.Integration.Caching;

/// <summary>What writers have been told is committed, and when. Any thread.</summary>
internal sealed class CheckedCounters
{
    public const int Keys = 20;

    private readonly Lock _lock = new();
    private readonly List<(long At, long Value)>[] _history =
        [.. Enumerable.Range(0, Keys + 1).Select(_ => new List<(long, long)> { (0, 0) })];

    public void Acknowledge(int key, long value)
    {
        lock (_lock)
        {
            if (value > _history[key][^1].Value)
            {
                _history[key].Add((Stopwatch.GetTimestamp(), value));
            }
        }
    }

    public long Acknowledged(int key)
    {
        lock (_lock)
        {
            return _history[key][^1].Value;
        }
    }

    public long AcknowledgedBefore(int key, TimeSpan age)
    {
        long limit = Stopwatch.GetTimestamp() - (long)(age.TotalSeconds * Stopwatch.Frequency);
        lock (_lock)
        {
            return _history[key].FindLast(entry => entry.At <= limit).Value;
        }
    }
}
