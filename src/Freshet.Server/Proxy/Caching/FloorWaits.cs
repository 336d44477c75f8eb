using Freshet.Core.Consistency;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// Which floors of one database the loops wait for, so that the feed's threads wake a loop when there is something for
/// it, not at each commit and pulse. For each loop the lowest ticket is kept, 0 for none.
/// <para>Invariant: while a loop waits for a floor that has been reached, it has been woken since, or its own
/// <see cref="Expect"/> tells it. For that the loop writes its ticket before it looks, and the feed writes its progress
/// before it looks.</para>
/// </summary>
internal sealed class FloorWaits(Freshness freshness, int loops)
{
    private readonly long[] _tickets = new long[loops];

    /// <summary>On the loop's thread: it waits for that ticket's floor from now on.</summary>
    /// <returns>False when the floor was reached in between: nobody will wake the loop for it.</returns>
    public bool Expect(int loop, long ticket)
    {
        ref long lowest = ref _tickets[loop];
        long present = Volatile.Read(ref lowest);
        while (present == 0 || present > ticket)
        {
            long seen = Interlocked.CompareExchange(ref lowest, ticket, present);
            if (seen == present)
            {
                return !freshness.HasReached(ticket);
            }

            present = seen;
        }

        return true;
    }

    /// <summary>On a feed's thread, after its progress: whether the loop is to be woken, which takes its ticket away.
    /// </summary>
    public bool TryTake(int loop)
    {
        ref long lowest = ref _tickets[loop];
        Interlocked.MemoryBarrier(); // progress, then the look; the other side of Expect's exchange
        long present = Volatile.Read(ref lowest);
        return present != 0
            && freshness.HasReached(present)
            && Interlocked.CompareExchange(ref lowest, 0, present) == present;
    }
}
