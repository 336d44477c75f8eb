using Freshet.Server.Demo.Sample;
using Xunit;

namespace Freshet.Tests.Unit.Demo;

public sealed class SeededRandomTests
{
    [Fact]
    public void Gives_the_published_numbers_of_SplitMix64()
    {
        var random = new SeededRandom(1234567);
        ulong[] published =
            [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];
        Assert.All(published, number => Assert.Equal(number, random.NextUInt64()));
    }

    [Fact]
    public void Stays_below_its_bound_and_reaches_every_number()
    {
        var random = new SeededRandom(1);
        var seen = Enumerable.Range(0, 1_000).Select(_ => random.Below(7)).Distinct().Order();
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], seen);
    }

    [Fact]
    public void Picks_ids_of_the_table_and_half_of_them_from_its_first_quarter()
    {
        var random = new SeededRandom(2);
        var ids = Enumerable.Range(0, 10_000).Select(_ => random.PopularId(1_000)).ToArray();
        Assert.All(ids, id => Assert.InRange(id, 1, 1_000));
        Assert.InRange(ids.Count(id => id <= 250), 4_800, 5_200);
    }

    [Fact]
    public void Neighbouring_seeds_share_no_sequence()
    {
        var numbers =
            from round in Enumerable.Range(0, 20)
            from worker in Enumerable.Range(0, 200)
            select SeededRandom.From(round, worker).NextUInt64();
        Assert.Equal(4_000, numbers.Distinct().Count());
    }
}
