using System.Numerics;
using Freshet.Server.Proxy.Loop;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Loop;

public sealed class BufferPoolTests
{
    [Theory]
    [InlineData(0, 512)]
    [InlineData(1, 512)]
    [InlineData(512, 512)]
    [InlineData(513, 1024)]
    [InlineData(65_536, 65_536)]
    [InlineData(65_537, 131_072)]
    [InlineData(1 << 20, 1 << 20)]
    public void Buffers_are_the_next_power_of_two(int least, int length) =>
        Assert.Equal(length, new BufferPool().Rent(least).Length);

    [Fact]
    public void More_than_the_largest_size_is_refused_and_counts_for_nothing()
    {
        var pool = new BufferPool();
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent((1 << 20) + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(int.MaxValue));
        Assert.Equal(0, pool.LentBytes);
    }

    [Fact]
    public void What_comes_back_is_lent_again_and_the_bytes_lent_are_counted()
    {
        var pool = new BufferPool();
        byte[] buffer = pool.Rent(700);
        Assert.Equal(1024, pool.LentBytes);
        pool.Return(buffer);
        Assert.Equal(0, pool.LentBytes);
        Assert.Same(buffer, pool.Rent(1024));
        Assert.NotSame(buffer, pool.Rent(1024));
    }

    [Fact]
    public void A_buffer_that_comes_home_to_another_pool_leaves_the_sum_right()
    {
        var one = new BufferPool();
        var other = new BufferPool();
        other.Return(one.Rent(4_000));
        Assert.Equal(0, one.LentBytes + other.LentBytes);
    }

    [Fact]
    public void No_more_than_the_cap_of_each_size_is_kept()
    {
        for (int size = 512; size <= 1 << 20; size *= 2)
        {
            var pool = new BufferPool();
            int most = BufferPool.KeptBytesPerSize / size;
            byte[][] lent = [.. Enumerable.Range(0, most + 3).Select(_ => pool.Rent(size))];
            Array.ForEach(lent, pool.Return);
            var known = new HashSet<byte[]>(lent, ReferenceEqualityComparer.Instance);
            int again = Enumerable.Range(0, most + 3).Count(_ => known.Contains(pool.Rent(size)));
            Assert.Equal(most, again);
            Assert.True(BitOperations.IsPow2(size));
        }
    }
}
