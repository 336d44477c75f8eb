using System.Runtime.InteropServices;

namespace Freshet.Core.Cache;

/// <summary>
/// Remembers the hashes of entries that were put out, eight bytes each, in sets of <see cref="Ways"/> of which the
/// oldest is overwritten. Two hashes that share a set and 32 further bits are taken for one: a wrong guess for the
/// policy, nothing else. Under its shard's lock.
/// </summary>
internal sealed unsafe class GhostTable(long mostBytes)
{
    private const int Ways = 4;

    private const long FewestSets = 16, MostSets = 1 << 26;

    private const int BytesPerSet = 4096;

    private readonly long _sets = Math.Clamp(mostBytes / BytesPerSet, FewestSets, MostSets);
    private Ghost* _ghosts = (Ghost*)NativeMemory.AllocZeroed(
        (nuint)(Math.Clamp(mostBytes / BytesPerSet, FewestSets, MostSets) * Ways * sizeof(Ghost)));
    private uint _now = 1;

    public long Bytes => _sets * Ways * sizeof(Ghost);

    public void Add(ulong hash)
    {
        Ghost* set = SetOf(hash);
        Ghost* place = set;
        for (int i = 0; i < Ways; i++)
        {
            if (set[i].Mark == MarkOf(hash))
            {
                place = set + i;
                break;
            }

            if (_now - set[i].AddedAt > _now - place->AddedAt)
            {
                place = set + i;
            }
        }

        *place = new Ghost { Mark = MarkOf(hash), AddedAt = _now++ };
    }

    /// <summary>Forgets it. True: it was among the last <paramref name="most"/> that were added.</summary>
    public bool Take(ulong hash, long most)
    {
        Ghost* set = SetOf(hash);
        for (int i = 0; i < Ways; i++)
        {
            if (set[i].Mark == MarkOf(hash))
            {
                bool recent = _now - set[i].AddedAt <= most;
                set[i] = default;
                return recent;
            }
        }

        return false;
    }

    public void Free()
    {
        NativeMemory.Free(_ghosts);
        _ghosts = null;
    }

    private static uint MarkOf(ulong hash) => (uint)(hash >> 8) | 1;

    private Ghost* SetOf(ulong hash) => _ghosts + ((long)Math.BigMul(hash, (ulong)_sets, out _) * Ways);

    private struct Ghost
    {
        /// <summary>0: nothing is here.</summary>
        public uint Mark;
        public uint AddedAt;
    }
}
