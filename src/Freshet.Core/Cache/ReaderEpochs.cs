namespace Freshet.Core.Cache;

/// <summary>
/// Tells when memory that was unlinked can no longer be seen by any reader. A reader announces the epoch in which it
/// begins to look, before it looks; what is unlinked gets the epoch that begins after that. Memory of epoch E is free
/// once every reader is outside, or announced E or a later one.
/// </summary>
internal sealed class ReaderEpochs(int readers)
{
    /// <summary>Longs between two readers' places, so that they share no cache line.</summary>
    private const int Stride = 16;

    private readonly long[] _announced = new long[(readers + 1) * Stride];
    private long _now = 1;

    public void Enter(int reader) =>
        Interlocked.Exchange(ref _announced[(reader + 1) * Stride], Volatile.Read(ref _now));

    public void Leave(int reader) => Volatile.Write(ref _announced[(reader + 1) * Stride], 0);

    /// <summary>For what has just been unlinked.</summary>
    public long Retire() => Interlocked.Increment(ref _now);

    /// <summary>What was retired at or before this is seen by nobody.</summary>
    public long Free()
    {
        long free = Volatile.Read(ref _now);
        for (int at = Stride; at < _announced.Length; at += Stride)
        {
            long announced = Volatile.Read(ref _announced[at]);
            if (announced != 0)
            {
                free = Math.Min(free, announced);
            }
        }

        return free;
    }
}
