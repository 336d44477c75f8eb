using System.Diagnostics;
using Freshet.Core.Consistency;
using Freshet.Server.Feed.Replication;

namespace Freshet.Server.Feed.Pulse;

/// <summary>
/// Asks the primary, for all who wait at that moment with one question, which commits are visible and how far its log
/// is; asks the stream whenever it is behind that; has the log flushed where nobody else does. Runs on a thread of its
/// own for as long as the stream does. <see cref="Wake"/> may come from any thread.
/// </summary>
internal sealed class PulseLoop
{
    /// <summary>So often at least the stream is asked, to see that it lives.</summary>
    private static readonly long LivenessTicks = Stopwatch.Frequency / 10;

    private readonly PulseConnection _connection;
    private readonly ReplicationConnection _stream;
    private readonly Freshness _freshness;
    private readonly SnapshotGates _gates;
    private readonly FeedCounters _counters;
    private readonly FeedFailpoints? _failpoints;
    private readonly TimeSpan _streamTimeout;
    private readonly PulsePace _pace;

    // Not disposed: a reader may wake it at any moment, also while its stream ends.
    private readonly AutoResetEvent _wake = new(false);
    private long _insertPosition;

    /// <param name="connection">Owned by the caller, as is the stream.</param>
    /// <param name="stream">Which is asked how far it is.</param>
    /// <param name="freshness">What is written.</param>
    /// <param name="gates">What the snapshots open.</param>
    /// <param name="options">Its times.</param>
    /// <param name="counters">Counts pulses and flushes.</param>
    public PulseLoop(
        PulseConnection connection,
        ReplicationConnection stream,
        Freshness freshness,
        SnapshotGates gates,
        FeedOptions options,
        FeedCounters counters)
    {
        _connection = connection;
        _stream = stream;
        _freshness = freshness;
        _gates = gates;
        _counters = counters;
        _failpoints = options.Failpoints;
        _streamTimeout = options.StreamTimeout;
        _pace = new PulsePace(options.MaxStaleness / 4);
    }

    /// <summary>What the last pulse told. Any thread.</summary>
    public Lsn InsertPosition => new((ulong)Volatile.Read(ref _insertPosition));

    /// <summary>Somebody waits for a pulse, a commit came in, or it shall stop.</summary>
    public void Wake() => _wake.Set();

    /// <summary>From the stream's thread: a commit came.</summary>
    public void OnCommit() => _pace.OnCommit(Stopwatch.GetTimestamp());

    /// <summary>Runs until stopped or until a <see cref="FeedException"/>.</summary>
    public void Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            long now = Stopwatch.GetTimestamp();
            PulseBook pulses = _freshness.Pulses;
            _pace.OnProgress(now, _freshness.Position);
            long untilPulse = _pace.UntilPulse(now, pulses.IsWanted, pulses.IsUrgent);
            long untilFlush = _pace.UntilFlush(now);
            long untilAsk = _pace.UntilAsk(now);
            if (untilPulse <= 0)
            {
                Ask();
            }
            else if (untilFlush <= 0)
            {
                Flush();
            }
            else if (untilAsk <= 0)
            {
                AskStream(now);
            }
            else
            {
                Wait(Math.Min(untilPulse, Math.Min(untilFlush, untilAsk)), pulses.IsUrgent);
            }
        }
    }

    private void Wait(long ticks, bool isUrgent)
    {
        if (isUrgent)
        {
            // Less than a millisecond, in which more wishes gather; nothing else could come first.
            ShortSleep.For(ticks);
            return;
        }

        var milliseconds = (int)Math.Ceiling(ticks * 1000.0 / Stopwatch.Frequency);
        if (_wake.WaitOne(milliseconds))
        {
            _pace.OnNews();
        }
    }

    private void Ask()
    {
        long begun = Stopwatch.GetTimestamp();
        _pace.OnBegin(begun, _freshness.Pulses.UrgentWishes);
        if (_freshness.Pulses.IsUrgent && _pace.AsksAtOnce(begun))
        {
            AskStream(begun);
        }

        long number = _freshness.Pulses.Begin(out long epoch);
        VisibilitySnapshot snapshot = _connection.Ask(out Lsn insertPosition);
        Volatile.Write(ref _insertPosition, (long)insertPosition.Value);
        _failpoints?.BeforePulseAnswer?.Invoke();
        if (_failpoints?.ConfirmUnseen == true)
        {
            snapshot = FeedFailpoints.ShowingAll(snapshot);
        }

        _counters.OnPulse();
        if (_failpoints?.DropPulses != true && _freshness.Pulses.End(number, epoch, insertPosition, snapshot))
        {
            _gates.Pass(snapshot);
        }

        long now = Stopwatch.GetTimestamp();
        _pace.OnEnd(_freshness.PendingCommits > 0);
        _pace.OnAnswer(insertPosition);
        TimeSpan silence = Stopwatch.GetElapsedTime(_stream.HeardAt, now);
        if (silence > _streamTimeout)
        {
            throw new FeedException(
                FeedFailure.Lost, $"the stream has been silent for {silence.TotalSeconds:0} s, though it was asked");
        }

        if (_pace.SinceAsk(now) > LivenessTicks)
        {
            AskStream(now);
        }
    }

    private void AskStream(long now)
    {
        _pace.OnAsk(now);
        _stream.Ask(_freshness.Position, wantsReply: true);
    }

    private void Flush()
    {
        if (_connection.Flush(_pace.Target))
        {
            _counters.OnFlush();
        }

        long now = Stopwatch.GetTimestamp();
        _pace.OnFlush(now);
        AskStream(now);
    }
}
