using System.Diagnostics;
using Freshet.Core.Consistency;
using Freshet.Server.Feed.Pulse;
using Xunit;

namespace Freshet.Tests.Unit.Feed;

public sealed class PulsePaceTests
{
    private const long Start = 1_000_000_000_000;

    private static readonly long Millisecond = Stopwatch.Frequency / 1000;
    private readonly PulsePace _pace = new(TimeSpan.FromMilliseconds(250));

    [Fact]
    public void The_first_pulse_is_due_at_once_and_the_next_by_who_waits()
    {
        Assert.True(_pace.UntilPulse(Start, isWanted: false, isUrgent: false) <= 0);
        _pace.OnBegin(Start, 0);
        _pace.OnEnd(leavesUnconfirmed: false);
        Assert.Equal(Millisecond / 5, _pace.UntilPulse(Start, isWanted: true, isUrgent: true));
        Assert.Equal(5 * Millisecond, _pace.UntilPulse(Start, isWanted: true, isUrgent: false));
        Assert.Equal(250 * Millisecond, _pace.UntilPulse(Start, isWanted: false, isUrgent: false));
        Assert.Equal(0, _pace.UntilPulse(Start + (Millisecond / 5), isWanted: true, isUrgent: true));
    }

    [Fact]
    public void Many_clients_gather_for_a_pulse_and_a_few_do_not_wait()
    {
        long wishes = 0;
        for (int i = 0; i < 20; i++)
        {
            _pace.OnBegin(Start, wishes += 2);
        }

        Assert.Equal(Millisecond / 5, _pace.UntilPulse(Start, isWanted: true, isUrgent: true));
        for (int i = 0; i < 20; i++)
        {
            _pace.OnBegin(Start, wishes += 10);
        }

        Assert.Equal(Millisecond, _pace.UntilPulse(Start, isWanted: true, isUrgent: true));
    }

    [Fact]
    public void A_commit_that_stays_unseen_is_asked_for_ever_less_often()
    {
        List<long> delays = [];
        for (int i = 0; i < 8; i++)
        {
            _pace.OnBegin(Start, 0);
            _pace.OnEnd(leavesUnconfirmed: true);
            delays.Add(_pace.UntilPulse(Start, false, false) / Millisecond);
        }

        Assert.Equal([5, 10, 20, 40, 80, 160, 250, 250], delays);
        _pace.OnNews();
        Assert.Equal(5 * Millisecond, _pace.UntilPulse(Start, false, false));
        _pace.OnEnd(leavesUnconfirmed: false);
        Assert.Equal(250 * Millisecond, _pace.UntilPulse(Start, false, false));
    }

    [Fact]
    public void The_stream_is_asked_together_with_a_pulse_where_commits_are_few()
    {
        Assert.True(_pace.AsksAtOnce(Start));
        _pace.OnCommit(Start);
        Assert.False(_pace.AsksAtOnce(Start + Millisecond));
        Assert.True(_pace.AsksAtOnce(Start + Millisecond + 1));
    }

    [Fact]
    public void A_stream_that_stays_behind_is_asked_ever_less_often()
    {
        Assert.Equal(long.MaxValue, _pace.UntilAsk(Start));
        _pace.OnAnswer(new Lsn(100));
        long now = Start;
        _pace.OnProgress(now, new Lsn(90));
        List<double> delays = [];
        for (int i = 0; i < 6; i++)
        {
            delays.Add((double)_pace.UntilAsk(now) / Millisecond);
            now += _pace.UntilAsk(now);
            _pace.OnAsk(now);
        }

        Assert.Equal([0.5, 1, 2, 4, 5, 5], delays);
        _pace.OnProgress(now, new Lsn(100));
        Assert.Equal(long.MaxValue, _pace.UntilAsk(now));
        _pace.OnAnswer(new Lsn(110));
        _pace.OnProgress(now, new Lsn(100));
        Assert.Equal(Millisecond / 2, _pace.UntilAsk(now + Millisecond) + Millisecond);
    }

    [Fact]
    public void The_log_is_flushed_for_a_position_that_the_stream_does_not_reach()
    {
        Assert.Equal(long.MaxValue, _pace.UntilFlush(Start));
        _pace.OnAnswer(new Lsn(100));
        _pace.OnProgress(Start, new Lsn(90));
        Assert.Equal(new Lsn(100), _pace.Target);
        Assert.Equal(2 * Millisecond, _pace.UntilFlush(Start));

        // Later pulses tell later positions: the first one's patience goes on.
        _pace.OnAnswer(new Lsn(120));
        _pace.OnProgress(Start + Millisecond, new Lsn(95));
        Assert.Equal(Millisecond, _pace.UntilFlush(Start + Millisecond));
        _pace.OnFlush(Start + (2 * Millisecond));
        Assert.Equal(5 * Millisecond, _pace.UntilFlush(Start + (2 * Millisecond)));

        // Reached: the later position's own patience begins.
        _pace.OnProgress(Start + (10 * Millisecond), new Lsn(100));
        Assert.Equal(new Lsn(120), _pace.Target);
        Assert.Equal(2 * Millisecond, _pace.UntilFlush(Start + (10 * Millisecond)));
        _pace.OnProgress(Start + (11 * Millisecond), new Lsn(120));
        Assert.Equal(long.MaxValue, _pace.UntilFlush(Start + (20 * Millisecond)));
    }
}
