using System.Numerics;
using System.Runtime.InteropServices;

namespace Freshet.Core.Cache;

/// <summary>
/// Remembers when entries that were put out had been stored, in four bytes each: sets of <see cref="Ways"/>, of which
/// the one that was stored first is overwritten. Two hashes that share a set and <see cref="MarkBits"/> further bits
/// are taken for one, times are rounded and start anew after some sixty times as many entries as there are ghosts:
/// wrong guesses for the order of eviction, nothing else. Under its shard's lock.
/// </summary>
internal sealed unsafe class GhostTable
{
    private const int Ways = 8;

    private const int MarkBits = 12, TimeBits = 32 - MarkBits;

    private const uint TimeMask = (1u << TimeBits) - 1;

    private const long FewestSets = 16, MostSets = 1 << 27;

    /// <summary>Of the store's bytes: about three ghosts for each entry of a small result.</summary>
    private const int BytesPerGhost = 384;

    private readonly long _sets;
    private readonly int _timeShift;

    /// <summary>The mark above, the time below; 0: nothing is here.</summary>
    private readonly uint* _ghosts;

    public GhostTable(long mostBytes)
    {
        _sets = Math.Clamp(mostBytes / (BytesPerGhost * Ways), FewestSets, MostSets);
        _timeShift = Math.Max(0, BitOperations.Log2((ulong)(_sets * Ways)) - (TimeBits - 6));
        _ghosts = (uint*)NativeMemory.AllocZeroed((nuint)Bytes);
    }

    public long Bytes => _sets * Ways * sizeof(uint);

    /// <param name="hash">The entry's.</param>
    /// <param name="storedAt">When it was stored: how many had been stored before.</param>
    /// <param name="now">How many have been stored by now.</param>
    public void Add(ulong hash, uint storedAt, uint now)
    {
        uint* set = SetOf(hash);
        uint* place = set;
        uint longest = 0;
        for (int i = 0; i < Ways; i++)
        {
            if (set[i] == 0 || IsOf(set[i], hash))
            {
                place = set + i;
                break;
            }

            uint age = AgeOf(set[i], now);
            if (age >= longest)
            {
                longest = age;
                place = set + i;
            }
        }

        *place = (MarkOf(hash) << TimeBits) | ((storedAt >> _timeShift) & TimeMask);
    }

    /// <summary>Takes it out: how many have been stored since it was, about; -1: it is not there.</summary>
    public long Take(ulong hash, uint now)
    {
        uint* set = SetOf(hash);
        for (int i = 0; i < Ways; i++)
        {
            if (IsOf(set[i], hash))
            {
                long age = (long)AgeOf(set[i], now) << _timeShift;
                set[i] = 0;
                return age;
            }
        }

        return -1;
    }

    public void Free() => NativeMemory.Free(_ghosts);

    private uint AgeOf(uint ghost, uint now) => ((now >> _timeShift) - ghost) & TimeMask;

    private static bool IsOf(uint ghost, ulong hash) => ghost >> TimeBits == MarkOf(hash);

    /// <summary>Never 0.</summary>
    private static uint MarkOf(ulong hash) => ((uint)(hash >> 8) & ((1u << MarkBits) - 1)) | 1;

    private uint* SetOf(ulong hash) => _ghosts + ((long)Math.BigMul(hash, (ulong)_sets, out _) * Ways);
}
