namespace Freshet.Core.Cache;

/// <summary>
/// Tells when memory that was unlinked can no longer be seen by any reader. A reader announces the present epoch before
/// it looks, and takes that back when it has done; whoever has unlinked something begins a new epoch.
/// <para>
/// The invariant: <em>what was unlinked before epoch E began is seen by nobody once each reader is outside, or has
/// announced E or a later one.</em> Who announced E read it after it had begun, so after the unlinking. Who is seen
/// outside announces itself later: both sides put a full fence between their write (unlinking, announcing) and their
/// read (the announcements, the index), so that one of them sees the other.
/// </para>
/// </summary>
internal sealed class ReaderEpochs(int readers)
{
    /// <summary>Longs between two readers' places: two cache lines, as processors fetch them in pairs.</summary>
    private const int Stride = 16;

    /// <summary>0: outside. The first place stays empty, which keeps the array's length off the first reader's line.
    /// </summary>
    private readonly long[] _announced = new long[(readers + 1) * Stride];
    private long _now = 1;

    public void Enter(int reader) =>
        Interlocked.Exchange(ref _announced[(reader + 1) * Stride], Volatile.Read(ref _now));

    public void Leave(int reader) => Volatile.Write(ref _announced[(reader + 1) * Stride], 0);

    /// <summary>Begins an epoch, after something was unlinked.</summary>
    public long Advance() => Interlocked.Increment(ref _now);

    /// <summary>What was unlinked before the epoch that is returned began is seen by nobody. After an
    /// <see cref="Advance"/>, whose fence this needs.</summary>
    public long Unseen()
    {
        long unseen = Volatile.Read(ref _now);
        for (int at = Stride; at < _announced.Length; at += Stride)
        {
            long announced = Volatile.Read(ref _announced[at]);
            if (announced != 0)
            {
                unseen = Math.Min(unseen, announced);
            }
        }

        return unseen;
    }
}
