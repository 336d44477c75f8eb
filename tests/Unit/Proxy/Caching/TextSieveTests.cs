using Freshet.Server.Proxy.Caching;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Caching;

public sealed class TextSieveTests
{
    private readonly TextSieve _sieve = new();

    [Fact]
    public void At_first_every_text_is_let_through() => Assert.True(_sieve.Admits(1));

    [Fact]
    public void Texts_that_never_come_again_are_let_through_the_second_time_only()
    {
        for (ulong i = 0; i < 1_000; i++)
        {
            _sieve.Admits(Mixed(i));
        }

        Assert.True(_sieve.IsLazy);
        Assert.False(_sieve.Admits(Mixed(5_000)));
        Assert.True(_sieve.Admits(Mixed(5_000)));
    }

    [Fact]
    public void When_texts_come_again_all_are_let_through_again()
    {
        for (ulong i = 0; i < 1_000; i++)
        {
            _sieve.Admits(Mixed(i));
        }

        for (var i = 0; i < 1_000; i++)
        {
            _sieve.OnKnown();
        }

        Assert.False(_sieve.IsLazy);
        Assert.True(_sieve.Admits(Mixed(6_000)));
    }

    private static ulong Mixed(ulong id) => (id + 1) * 0x9E3779B97F4A7C15;
}
