using System.Buffers.Binary;
using Freshet.Core.Cache;
using Xunit;

namespace Freshet.Tests.Unit.Cache;

public sealed class ResultStoreTests
{
    private const int Megabyte = 1024 * 1024;

    [Fact]
    public void What_was_put_is_found_by_its_key_and_by_no_other()
    {
        using var store = new ResultStore(Megabyte, 1);
        var reader = store.Reader(0);
        Assert.True(store.Put(7, "one"u8, new ResultHeader { Version = 5, Rows = 3 }, "payload"u8));

        Assert.True(reader.TryGet(7, "one"u8, out var found));
        Assert.Equal(5, found.Header.Version);
        Assert.Equal("payload"u8, found.Payload);
        reader.Release();
        Assert.False(reader.TryGet(7, "two"u8, out _)); // the same hash
        Assert.False(reader.TryGet(8, "one"u8, out _));
    }

    [Fact]
    public void A_second_result_of_a_key_takes_the_place_of_the_first()
    {
        using var store = new ResultStore(Megabyte, 1);
        var reader = store.Reader(0);
        store.Put(7, "one"u8, default, "old"u8);
        var bytes = store.Bytes;
        store.Put(7, "one"u8, default, "new"u8);

        Assert.True(reader.TryGet(7, "one"u8, out var found));
        Assert.Equal("new"u8, found.Payload);
        reader.Release();
        Assert.Equal(1, store.Count);
        Assert.Equal(bytes, store.Bytes);
    }

    [Fact]
    public void What_a_reader_has_found_stays_until_it_is_released()
    {
        using var store = new ResultStore(Megabyte, 2);
        var reader = store.Reader(0);
        var payload = new byte[10_000];
        Array.Fill(payload, (byte)42);
        store.Put(7, "held"u8, default, payload);
        Assert.True(reader.TryGet(7, "held"u8, out var found));
        store.Remove(7, "held"u8);
        for (ulong i = 0; i < 500; i++)
        {
            store.Put(i, BitConverter.GetBytes(i), default, new byte[10_000]);
        }

        Assert.Equal(payload, found.Payload);
        reader.Release();
        Assert.False(store.Reader(1).TryGet(7, "held"u8, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(48)]
    public void The_bytes_in_use_stay_within_the_limit_whatever_the_sizes(int megabytes)
    {
        using var store = new ResultStore(megabytes * Megabyte, 1);
        var random = new Random(11);
        var payload = new byte[60_000];
        for (var i = 0; i < 40_000; i++)
        {
            var hash = (ulong)random.NextInt64();
            store.Put(hash, BitConverter.GetBytes(hash), default, payload.AsSpan(0, random.Next(payload.Length)));
            Assert.True(store.Bytes <= megabytes * Megabyte * 1.05, $"{store.Bytes} bytes after {i}");
        }

        Assert.True(store.Bytes > megabytes * Megabyte * 0.9, $"only {store.Bytes} bytes are used");
    }

    [Fact]
    public void A_result_larger_than_a_quarter_of_its_part_is_refused()
    {
        using var store = new ResultStore(Megabyte, 1);
        Assert.False(store.Put(1, "k"u8, default, new byte[300_000]));
        Assert.Equal(1, store.Refused);
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public void A_scan_does_not_put_out_what_is_used()
    {
        using var store = new ResultStore(4 * Megabyte, 1);
        var reader = store.Reader(0);
        var lost = 0;
        for (ulong i = 0; i < 400_000; i++)
        {
            store.Put(Mixed(i + 1000), BitConverter.GetBytes(i + 1000), default, new byte[200]);
            var hot = i % 100;
            if (reader.TryGet(Mixed(hot), BitConverter.GetBytes(hot), out var found))
            {
                found.Touch();
                reader.Release();
            }
            else
            {
                lost++;
                store.Put(Mixed(hot), BitConverter.GetBytes(hot), default, new byte[200]);
            }
        }

        Assert.True(lost < 300, $"{lost} of the hot ones were put out");
    }

    [Fact]
    public void What_costs_much_stays_longer_than_what_costs_little()
    {
        using var store = new ResultStore(Megabyte, 1);
        var reader = store.Reader(0);
        for (ulong i = 0; i < 20_000; i++)
        {
            // Every tenth was expensive; none is used more than once.
            var header = new ResultHeader { SavedMicroseconds = i % 10 == 0 ? 1_000_000 : 100 };
            store.Put(Mixed(i), BitConverter.GetBytes(i), header, new byte[200]);
            if (reader.TryGet(Mixed(i), BitConverter.GetBytes(i), out var found))
            {
                found.Touch();
                reader.Release();
            }
        }

        int dear = 0, cheap = 0;
        store.RemoveWhere((in ResultHeader header, ReadOnlySpan<byte> _) =>
        {
            dear += header.SavedMicroseconds > 100 ? 1 : 0;
            cheap += header.SavedMicroseconds > 100 ? 0 : 1;
            return false;
        });
        Assert.True(dear * 9 > cheap * 3, $"{dear} dear ones and {cheap} cheap ones are left");
    }

    [Fact]
    public void Removing_by_a_predicate_leaves_the_others()
    {
        using var store = new ResultStore(Megabyte, 1);
        for (ulong i = 0; i < 100; i++)
        {
            store.Put(Mixed(i), BitConverter.GetBytes(i), new ResultHeader { StatementNumber = (int)i % 4 }, "x"u8);
        }

        Assert.Equal(
            25, store.RemoveWhere((in ResultHeader header, ReadOnlySpan<byte> _) => header.StatementNumber == 2));
        Assert.Equal(75, store.Count);
        store.Resize(300_000);
        store.Clear();
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public async Task Readers_never_see_another_keys_bytes_while_writers_churn()
    {
        using var store = new ResultStore(2 * Megabyte, 2);
        using var stop = new CancellationTokenSource();
        var found = new long[2];
        var readers = Enumerable.Range(0, 2).Select(index => OnItsOwn(() =>
        {
            var random = new Random(index);
            while (!stop.IsCancellationRequested || found[index] < 1000)
            {
                found[index] += Check(store.Reader(index), (ulong)random.Next(5000)) ? 1 : 0;
            }
        })).ToArray();
        var writers = Enumerable.Range(0, 2).Select(index => OnItsOwn(() =>
        {
            var random = new Random(100 + index);
            for (var i = 0; i < 150_000; i++)
            {
                var id = (ulong)random.Next(5000);
                store.Put(Mixed(id), BitConverter.GetBytes(id), default, PayloadOf(id, random.Next(10, 2000)));
                if (i % 7 == 0)
                {
                    id = (ulong)random.Next(5000);
                    store.Remove(Mixed(id), BitConverter.GetBytes(id));
                }
            }
        })).ToArray();
        await Task.WhenAll(writers);
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        Assert.All(found, count => Assert.True(count >= 1000, $"{count} found"));

        static Task OnItsOwn(Action work) => Task.Factory.StartNew(
            work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    [Fact]
    public void Looking_up_allocates_nothing()
    {
        using var store = new ResultStore(Megabyte, 1);
        var reader = store.Reader(0);
        store.Put(ResultHash.Compute("key"u8), "key"u8, default, "payload"u8);
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                Check();
            }
        }));

        void Check()
        {
            if (reader.TryGet(ResultHash.Compute("key"u8), "key"u8, out var found))
            {
                found.Touch();
                reader.Release();
            }
        }
    }

    [Fact]
    public void The_hash_tells_similar_keys_apart_and_moves_half_of_the_bits()
    {
        var hashes = new HashSet<ulong>();
        var key = new byte[40];
        long moved = 0;
        for (var i = 0; i < 100_000; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(key.AsSpan(i % 36), i);
            var hash = ResultHash.Compute(key);
            hashes.Add(hash);
            key[i % 40] ^= 1;
            moved += System.Numerics.BitOperations.PopCount(hash ^ ResultHash.Compute(key));
        }

        Assert.True(hashes.Count > 99_000, $"{hashes.Count} different ones");
        Assert.InRange(moved / 100_000.0, 31, 33);
    }

    private static bool Check(ResultReader reader, ulong id)
    {
        if (!reader.TryGet(Mixed(id), BitConverter.GetBytes(id), out var found))
        {
            return false;
        }

        foreach (var part in found.Payload)
        {
            if (part != (byte)id)
            {
                throw new InvalidDataException($"the payload of {id} holds {part}");
            }
        }

        reader.Release();
        return true;
    }

    private static byte[] PayloadOf(ulong id, int length)
    {
        var payload = new byte[length];
        Array.Fill(payload, (byte)id);
        return payload;
    }

    private static ulong Mixed(ulong id) => (id + 1) * 0x9E3779B97F4A7C15;
}
