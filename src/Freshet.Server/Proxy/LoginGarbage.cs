using System.Diagnostics;

namespace Freshet.Server.Proxy;

/// <summary>
/// A login leaves some kilobytes of garbage; the relay leaves none. So after a storm of logins nothing would make the
/// collector run again, and the process would keep the storm's size. This hands the memory back: a collection of the
/// young generations in each tick with many logins (about a millisecond), and once a full, compacting one when the
/// storm is over. Called by the first loop's tick only.
/// </summary>
internal sealed class LoginGarbage(ProxyCounters counters)
{
    /// <summary>Logins that are worth a collection of the young generations: about a megabyte of garbage.</summary>
    private const int YoungAfter = 256;

    /// <summary>Logins that are worth a full collection.</summary>
    private const int FullAfter = 1000;

    /// <summary>Without new logins for so long, the storm is over.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(1);

    private long _seen;
    private long _sinceFull;
    private long _lastLogin;

    public void Tick(long now)
    {
        long accepted = Interlocked.Read(ref counters.ClientsAccepted);
        long added = accepted - _seen;
        if (added > 0)
        {
            _lastLogin = now;
        }

        if (added >= YoungAfter)
        {
            _seen = accepted;
            _sinceFull += added;
            GC.Collect(1, GCCollectionMode.Forced, blocking: true);
        }
        else if (_sinceFull >= FullAfter && Stopwatch.GetElapsedTime(_lastLogin, now) > Calm)
        {
            _sinceFull = 0;
            _seen = accepted;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }
}
