using System.Diagnostics;
using Freshet.Core.Consistency;

namespace Freshet.Server.Feed.Pulse;

/// <summary>
/// When the next pulse is due, and when the log is to be flushed so that the stream can come up to what the last one
/// told. Pure: the time comes in as <see cref="Stopwatch"/> ticks. Belongs to the pulse's thread.
/// </summary>
internal sealed class PulsePace(TimeSpan heartbeat)
{
    /// <summary>Least time between the beginnings of two pulses for a client that waits: a few clients are served at
    /// once, of many more gather for one pulse, as each costs the server, and others their processor, something.
    /// </summary>
    internal static readonly long SoonTicks = Ticks(TimeSpan.FromMicroseconds(200));

    /// <inheritdoc cref="SoonTicks"/>
    internal static readonly long UrgentTicks = Ticks(TimeSpan.FromMicroseconds(1000));

    /// <summary>Wishes of clients for one pulse from which on they are many. One client may wish twice: when it has
    /// its answer, and when its next request comes.</summary>
    internal const double ManyWishes = 4;

    /// <summary>The same while nobody waits but results that want to be stored.</summary>
    internal static readonly long GatherTicks = Ticks(TimeSpan.FromMilliseconds(5));

    /// <summary>While commits come at such distances each tells how far the stream is: it need not be asked.</summary>
    internal static readonly long FlowTicks = Ticks(TimeSpan.FromMilliseconds(1));

    /// <summary>How long the stream may be behind before it is asked, again if it was; then ever longer, up to
    /// <see cref="GatherTicks"/>.</summary>
    internal static readonly long AskTicks = Ticks(TimeSpan.FromMicroseconds(500));

    /// <summary>How long the stream may be behind before the log is flushed for it: mostly a commit under way does it.
    /// </summary>
    internal static readonly long PatienceTicks = Ticks(TimeSpan.FromMilliseconds(2));

    /// <summary>Least time between two flushes, which cost the server an fsync each.</summary>
    internal static readonly long FlushTicks = Ticks(TimeSpan.FromMilliseconds(5));

    private readonly long _heartbeatTicks = Ticks(heartbeat);
    private long _begunAt = long.MinValue / 2;
    private long _wishes;
    private double _wishesPerPulse;
    private long _behindSince;
    private long _flushedAt = long.MinValue / 2;
    private long _confirmDelay;
    private long _askedAt = long.MinValue / 2;
    private long _askDelay = AskTicks;
    private long _commitAt = long.MinValue / 2;
    private Lsn _newest;

    /// <summary>A pulse begins.</summary>
    /// <param name="now">The time.</param>
    /// <param name="urgentWishes">Clients' wishes so far.</param>
    public void OnBegin(long now, long urgentWishes)
    {
        _begunAt = now;
        _wishesPerPulse += ((urgentWishes - _wishes) - _wishesPerPulse) / 4;
        _wishes = urgentWishes;
    }

    /// <summary>It has ended.</summary>
    /// <param name="leavesUnconfirmed">Commits are streamed that it did not show: the next one comes after 5 ms, then
    /// 10 ms and so on up to the heartbeat, as a commit that waits for a standby may wait for long.</param>
    public void OnEnd(bool leavesUnconfirmed) =>
        _confirmDelay = !leavesUnconfirmed ? 0
            : _confirmDelay == 0 ? GatherTicks
            : Math.Min(_confirmDelay * 2, _heartbeatTicks);

    /// <summary>A commit came in, or a wish: what waits is not only what waited before.</summary>
    public void OnNews() => _confirmDelay = _confirmDelay == 0 ? 0 : GatherTicks;

    /// <summary>Ticks until the next pulse; 0 or less: now.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isWanted">Somebody waits for a pulse.</param>
    /// <param name="isUrgent">A client does.</param>
    public long UntilPulse(long now, bool isWanted, bool isUrgent)
    {
        long urgent = _wishesPerPulse < ManyWishes ? SoonTicks : UrgentTicks;
        long distance = isUrgent ? urgent : isWanted ? GatherTicks : _heartbeatTicks;
        if (_confirmDelay > 0)
        {
            distance = Math.Min(distance, _confirmDelay);
        }

        return _begunAt + distance - now;
    }

    /// <summary>A pulse told this insert position.</summary>
    public void OnAnswer(Lsn insertPosition) => _newest = insertPosition;

    /// <summary>The stream has come to <paramref name="position"/>.</summary>
    public void OnProgress(long now, Lsn position)
    {
        if (Target > position)
        {
            return;
        }

        // The next target, and its patience, begin when the one before is reached.
        Target = _newest > position ? _newest : Lsn.Zero;
        _behindSince = now;
        _askDelay = AskTicks;
    }

    /// <summary>From any thread: a commit was streamed.</summary>
    public void OnCommit(long now) => Volatile.Write(ref _commitAt, now);

    /// <summary>Whether the stream is to be asked together with a pulse for which a client waits: where commits are
    /// few, its answer has then come up to what the pulse tells.</summary>
    public bool AsksAtOnce(long now) => now - Volatile.Read(ref _commitAt) > FlowTicks;

    /// <summary>Ticks until the stream is to be asked how far it is, being behind; 0 or less: now.
    /// <see cref="long.MaxValue"/>: it need not.</summary>
    public long UntilAsk(long now) =>
        Target == Lsn.Zero ? long.MaxValue : Math.Max(_behindSince, _askedAt) + _askDelay - now;

    /// <summary>It was asked.</summary>
    public void OnAsk(long now)
    {
        if (UntilAsk(now) <= 0)
        {
            _askDelay = Math.Min(2 * _askDelay, GatherTicks);
        }

        _askedAt = now;
    }

    /// <summary>Ticks since it was asked.</summary>
    public long SinceAsk(long now) => now - _askedAt;

    /// <summary>What the stream has not come up to yet; <see cref="Lsn.Zero"/>: nothing.</summary>
    public Lsn Target { get; private set; }

    /// <summary>Ticks until the log is to be flushed up to <see cref="Target"/>; 0 or less: now.
    /// <see cref="long.MaxValue"/>: it need not.</summary>
    public long UntilFlush(long now) =>
        Target == Lsn.Zero ? long.MaxValue : Math.Max(_behindSince + PatienceTicks, _flushedAt + FlushTicks) - now;

    public void OnFlush(long now) => _flushedAt = now;

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
