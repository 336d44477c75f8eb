using Freshet.Core.Consistency;
using Freshet.Server.Proxy.Caching;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Caching;

public sealed class FloorWaitsTests
{
    private static readonly VisibilitySnapshot Snapshot = VisibilitySnapshot.Parse("10:10:");

    private readonly Freshness _freshness = new();

    public FloorWaitsTests()
    {
        _freshness.Open(new Lsn(100));
        _freshness.GoLive();
    }

    [Fact]
    public void A_loop_is_woken_once_its_floor_is_reached_and_not_before()
    {
        var waits = new FloorWaits(_freshness, loops: 2);
        Assert.True(waits.Expect(1, _freshness.Pulses.Next));
        Pulse(new Lsn(200));
        Assert.False(waits.TryTake(1)); // the floor is known, the stream has not come so far
        _freshness.Advance(new Lsn(150));
        Assert.False(waits.TryTake(1));
        _freshness.Advance(new Lsn(200));
        Assert.False(waits.TryTake(0));
        Assert.True(waits.TryTake(1));
        Assert.False(waits.TryTake(1));
    }

    [Fact]
    public void The_lowest_of_several_floors_counts()
    {
        var waits = new FloorWaits(_freshness, loops: 1);
        long first = _freshness.Pulses.Next;
        Assert.True(waits.Expect(0, first + 3));
        Assert.True(waits.Expect(0, first));
        Assert.True(waits.Expect(0, first + 5));
        Pulse(new Lsn(100));
        Assert.True(waits.TryTake(0));
    }

    [Fact]
    public void What_was_reached_before_is_told_at_once()
    {
        var waits = new FloorWaits(_freshness, loops: 1);
        long ticket = _freshness.Pulses.Next;
        Pulse(new Lsn(100));
        Assert.False(waits.Expect(0, ticket));
    }

    [Fact]
    public void A_broken_stream_wakes_everybody()
    {
        var waits = new FloorWaits(_freshness, loops: 1);
        Assert.True(waits.Expect(0, _freshness.Pulses.Next));
        _freshness.Break();
        Assert.True(waits.TryTake(0));
    }

    /// <summary>The invariant, with both sides running: one progress in each round, at the moment at which the loop
    /// begins to wait. Either the loop sees it or it is woken.</summary>
    [Fact]
    public void No_wake_is_lost()
    {
        const int rounds = 100_000;
        var waits = new FloorWaits(_freshness, loops: 1);
        using var turn = new Barrier(2);
        bool woken = false;
        var feed = new Thread(() =>
        {
            for (ulong position = 101; position <= 100 + rounds; position++)
            {
                Pulse(new Lsn(position));
                turn.SignalAndWait();
                Thread.SpinWait((int)position % 61); // the two sides drift past each other
                _freshness.Advance(new Lsn(position));
                woken = waits.TryTake(0);
                turn.SignalAndWait();
            }
        });
        feed.Start();
        int lost = 0;
        for (int i = 0; i < rounds; i++)
        {
            turn.SignalAndWait();
            Thread.SpinWait(i % 53);
            bool waiting = waits.Expect(0, _freshness.Pulses.Done);
            turn.SignalAndWait();
            lost += waiting && !woken ? 1 : 0;
        }

        feed.Join();
        Assert.Equal(0, lost);
    }

    private void Pulse(Lsn insertPosition)
    {
        long number = _freshness.Pulses.Begin(out long epoch);
        Assert.True(_freshness.Pulses.End(number, epoch, insertPosition, Snapshot));
    }
}
