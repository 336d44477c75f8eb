namespace Freshet.Bench.HitRate.Traces;

/// <param name="Key">Numbered from 0 in the order of their first appearance.</param>
/// <param name="Bytes">What the entry takes of a cache, whoever keeps it.</param>
/// <param name="Cost">What a miss costs, in the trace's unit.</param>
internal readonly record struct Request(int Key, int Bytes, int Cost);
