namespace Freshet.Server.Demo.Sample;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): a seed gives the same numbers on every runtime and version, which
/// <see cref="Random"/> does not promise. Not for secrets. One thread at a time.</summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>From several small numbers to one seed, so that neighbours (worker 1, worker 2) share no sequence.
    /// </summary>
    public static SeededRandom From(params ReadOnlySpan<int> parts)
    {
        var mixed = 0UL;
        foreach (var part in parts)
            mixed = new SeededRandom(mixed ^ (uint)part).NextUInt64();
        return new SeededRandom(mixed);
    }

    public ulong NextUInt64()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 ≤ result &lt; bound.</summary>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        return (int)((UInt128)NextUInt64() * (ulong)bound >> 64);
    }

    /// <summary>An id from 1 to <paramref name="count"/>, small ones far more often: half of all picks fall on the
    /// first quarter, as some pages of a site are popular and most are not.</summary>
    public int PopularId(int count)
    {
        var uniform = (NextUInt64() >> 11) * (1.0 / (1UL << 53));
        return 1 + (int)(count * uniform * uniform);
    }
}
