using Freshet.Core.Consistency;
using Freshet.Server.Feed;
using Freshet.Server.Feed.Pulse;
using Xunit;

namespace Freshet.Tests.Unit.Feed;

public sealed class SnapshotGatesTests
{
    private readonly SnapshotGates _gates = new();
    private readonly List<string> _opened = [];

    [Fact]
    public void What_waits_for_the_end_of_older_transactions_opens_when_the_oldest_is_younger()
    {
        _gates.WhenEnded(100, () => _opened.Add("ended"));
        Pass("90:105:90,104");
        Pass("99:105:99");
        Assert.Empty(_opened);
        Pass("100:105:100");
        Pass("101:105:");
        Assert.Equal(["ended"], _opened);
        Assert.Equal(0, _gates.Count);
    }

    [Fact]
    public void What_waits_for_a_transaction_opens_when_it_is_shown()
    {
        _gates.WhenVisible(new TransactionId(100), () => _opened.Add("seen"));
        Pass("90:100:90");
        Pass("90:101:90,100");
        Assert.Empty(_opened);
        Pass("90:101:90");
        Assert.Equal(["seen"], _opened);
    }

    [Fact]
    public void A_gate_may_add_another()
    {
        _gates.WhenEnded(1, () => _gates.WhenEnded(1, () => _opened.Add("second")));
        Pass("1:1:");
        Assert.Empty(_opened);
        Pass("1:1:");
        Assert.Equal(["second"], _opened);
    }

    [Fact]
    public void They_are_bounded()
    {
        for (int i = 0; i < SnapshotGates.MostGates; i++)
        {
            _gates.WhenEnded(ulong.MaxValue, () => _opened.Add("never"));
        }

        Assert.Throws<FeedException>(() => _gates.WhenEnded(1, () => _opened.Add("never")));
    }

    /// <summary>The stream tells 32-bit numbers, snapshots 64-bit ones; they wrap around.</summary>
    [Theory]
    [InlineData("4294967290:4294967300:4294967290,4294967297", 4294967290, false)]
    [InlineData("4294967290:4294967300:4294967290,4294967297", 4294967289, true)]
    [InlineData("4294967290:4294967300:4294967290,4294967297", 4294967295, true)]
    [InlineData("4294967290:4294967300:4294967290,4294967297", 1, false)]
    [InlineData("4294967290:4294967300:4294967290,4294967297", 3, true)]
    [InlineData("4294967290:4294967300:4294967290,4294967297", 4, false)]
    [InlineData("12884901888:12884901888:", 4294967295, true)]
    [InlineData("12884901888:12884901888:", 0, false)]
    [InlineData("12884901888:12884901888:", 2147483647, false)]
    [InlineData("12884901888:12884901888:", 2147483649, true)]
    public void A_number_that_wrapped_around_is_compared_with_its_neighbours(
        string snapshot, uint number, bool shown) =>
        Assert.Equal(shown, VisibilitySnapshot.Parse(snapshot).Shows(new TransactionId(number)));

    private void Pass(string snapshot) => _gates.Pass(VisibilitySnapshot.Parse(snapshot));
}
