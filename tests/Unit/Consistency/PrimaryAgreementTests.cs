using Freshet.Core.Consistency;
using Xunit;

namespace Freshet.Tests.Unit.Consistency;

public sealed class PrimaryAgreementTests
{
    private static readonly PrimaryIdentity s_first = new(7, 1);
    private static readonly PrimaryIdentity s_second = new(7, 2);
    private static readonly PrimaryIdentity s_standby = new(7, 0);
    private static readonly PrimaryIdentity s_other = new(8, 1);

    private readonly PrimaryAgreement _agreement = new();
    private readonly List<PrimaryIdentity> _givenUp = [];

    [Fact]
    public void A_connection_that_leads_elsewhere_ends_the_stream_before_it_is_used()
    {
        _agreement.Join(s_first);
        _agreement.Follow(s_first, _givenUp.Add);
        _agreement.Join(s_first);
        Assert.Empty(_givenUp);

        _agreement.Join(s_second);
        Assert.Equal([s_second], _givenUp);
    }

    [Fact]
    public void A_stream_is_given_up_once_and_not_after_its_end()
    {
        _agreement.Follow(s_first, _givenUp.Add);
        _agreement.Join(s_second);
        _agreement.Join(s_other);
        Assert.Single(_givenUp);

        _agreement.Follow(s_first, _givenUp.Add);
        _agreement.Unfollow();
        _agreement.Join(s_standby);
        Assert.Single(_givenUp);
    }

    [Fact]
    public void Connections_elsewhere_are_counted_while_they_are_open()
    {
        _agreement.Join(s_first);
        var standby = _agreement.Join(s_standby);
        var second = _agreement.Join(s_second);
        Assert.Equal(0, _agreement.CountElsewhere(out _)); // of what: no stream yet

        _agreement.Follow(s_first, _givenUp.Add);
        Assert.Equal(2, _agreement.CountElsewhere(out var example));
        Assert.Equal(s_second, example);

        var unknown = _agreement.Join(default);
        Assert.Equal(3, _agreement.CountElsewhere(out example));
        Assert.False(example.IsKnown);

        unknown.Dispose();
        second.Dispose();
        Assert.Equal(1, _agreement.CountElsewhere(out example));
        Assert.Equal(s_standby, example);

        standby.Dispose();
        Assert.Equal(0, _agreement.CountElsewhere(out _));
    }

    [Fact]
    public void What_leads_to_an_older_primary_or_another_cluster_is_outdated()
    {
        Assert.False(_agreement.IsOutdated(s_first));
        _agreement.Follow(s_second, _givenUp.Add);
        _agreement.Unfollow(); // also between two streams

        Assert.True(_agreement.IsOutdated(s_first));
        Assert.True(_agreement.IsOutdated(s_other));
        Assert.False(_agreement.IsOutdated(s_second));
        Assert.False(_agreement.IsOutdated(s_second with { Timeline = 3 }));
        Assert.False(_agreement.IsOutdated(s_standby));
        Assert.False(_agreement.IsOutdated(default));
        Assert.True(_agreement.IsElsewhere(s_standby));
        Assert.False(_agreement.IsElsewhere(s_second));
    }

    [Theory]
    [InlineData("f", "7416000000000000001", "0000000A", 7416000000000000001UL, 10U, true)]
    [InlineData("t", "7", null, 7UL, 0U, true)]
    [InlineData("f", "7", null, 0UL, 0U, false)]
    [InlineData("f", "7", "00000000", 0UL, 0U, false)]
    [InlineData("f", "0", "00000001", 0UL, 0U, false)]
    [InlineData("f", "-7", "00000001", 0UL, 0U, false)]
    [InlineData("x", "7", "00000001", 0UL, 0U, false)]
    [InlineData(null, null, null, 0UL, 0U, false)]
    public void An_identity_is_read_or_refused(
        string? recovery, string? system, string? timeline, ulong cluster, uint number, bool isRead)
    {
        Assert.Equal(isRead, PrimaryIdentity.TryParse(recovery, system, timeline, out var identity));
        Assert.Equal(isRead ? new PrimaryIdentity(cluster, number) : default, isRead ? identity : default);
    }
}
