using Freshet.Server.Demo;
using Xunit;

namespace Freshet.Tests.Unit.Demo;

public sealed class ClusterMarkerTests
{
    private static readonly ClusterMarker Here = new("host", "boot 2", "pid:[1]", 50, 5_000);
    private static readonly ClusterMarker Other = Here with { ProcessId = 40, StartTicks = 4_000 };

    [Fact]
    public void Reads_what_it_wrote() => Assert.Equal(Other, ClusterMarker.Parse(Other.Format()));

    [Theory]
    [InlineData("")]
    [InlineData("40")]
    [InlineData("freshet private cluster, format 2\nhost\nboot 2\npid:[1]\n40\n4000\n")]
    [InlineData("freshet private cluster, format 1\nhost\nboot 2\npid:[1]\nforty\n4000\n")]
    public void Takes_nothing_else_for_a_marker(string text) => Assert.Null(ClusterMarker.Parse(text));

    [Fact]
    public void A_living_maker_keeps_its_cluster() => Assert.False(Other.IsStale(Here, _ => 4_000));

    [Fact]
    public void A_dead_maker_loses_it() => Assert.True(Other.IsStale(Here, _ => null));

    [Fact]
    public void A_process_that_took_the_number_over_does_not_count_as_the_maker() =>
        Assert.True(Other.IsStale(Here, _ => 4_001));

    [Fact]
    public void After_a_reboot_the_maker_is_dead_whoever_has_its_number() =>
        Assert.True((Other with { Boot = "boot 1" }).IsStale(Here, _ => 4_000));

    [Fact]
    public void Nothing_is_known_of_a_maker_on_another_machine_or_in_another_container()
    {
        Assert.False((Other with { Machine = "guest" }).IsStale(Here, _ => null));
        Assert.False((Other with { ProcessNamespace = "pid:[2]" }).IsStale(Here, _ => null));
    }
}
