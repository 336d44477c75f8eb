using System.Numerics;

namespace Freshet.Bench.HitRate.Policies;

/// <summary>TinyLFU's count-min sketch: four rows of counters to 15, all halved after ten times as many additions as
/// there may be entries.</summary>
internal sealed class FrequencySketch
{
    private const int Rows = 4;

    private static readonly ulong[] s_seeds =
        [0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F, 0xCBF29CE484222325];

    private readonly byte[][] _counters;
    private readonly uint _mask;
    private readonly int _period;
    private int _additions;

    public FrequencySketch(long entries)
    {
        uint width = BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(entries, 16, 1 << 28));
        _mask = width - 1;
        _period = (int)Math.Min(int.MaxValue, 10L * entries);
        _counters = [.. Enumerable.Range(0, Rows).Select(_ => new byte[width])];
    }

    public int Frequency(int key)
    {
        int least = 15;
        for (int row = 0; row < Rows; row++)
        {
            least = Math.Min(least, _counters[row][Place(key, row)]);
        }

        return least;
    }

    public void Add(int key)
    {
        bool added = false;
        for (int row = 0; row < Rows; row++)
        {
            ref byte counter = ref _counters[row][Place(key, row)];
            if (counter < 15)
            {
                counter++;
                added = true;
            }
        }

        if (added && ++_additions >= _period)
        {
            Halve();
        }
    }

    private void Halve()
    {
        foreach (byte[] row in _counters)
        {
            for (int i = 0; i < row.Length; i++)
            {
                row[i] >>= 1;
            }
        }

        _additions /= 2;
    }

    private uint Place(int key, int row)
    {
        ulong mixed = ((ulong)key + 1) * s_seeds[row];
        mixed ^= mixed >> 32;
        mixed *= 0x9E3779B97F4A7C15;
        return (uint)(mixed >> 32) & _mask;
    }
}
