namespace Freshet.Core.Cache;

/// <summary>What <see cref="ResultStore.RemoveWhere"/> asks of each entry.</summary>
internal delegate bool ResultPredicate(in ResultHeader header, ReadOnlySpan<byte> key);

/// <summary>
/// Query results in native memory, found by key, bounded in bytes. Keys are compared in full. Readers, one for each
/// event loop, take no lock; writers share short locks, one for each shard. <c>docs/decisions/result-store.md</c> says
/// why it is made this way.
/// </summary>
internal sealed class ResultStore : IDisposable
{
    /// <summary>Bytes of a store for which a further shard is worth it.</summary>
    private const long ShardBytes = 16L * 1024 * 1024;

    private const int MostShards = 16;

    private readonly ResultShard[] _shards;

    /// <summary>The shards', apart from them: readers touch nothing that writers write for each entry.</summary>
    private readonly ResultIndex[] _indexes;
    private readonly ResultReader[] _readers;

    /// <summary>Held by whoever walks over all entries.</summary>
    private readonly Lock _walk = new();
    private long _mostBytes;

    /// <param name="mostBytes">All memory that results, keys and the index may take.</param>
    /// <param name="readers">How many threads read.</param>
    public ResultStore(long mostBytes, int readers)
    {
        _mostBytes = mostBytes;
        var epochs = new ReaderEpochs(readers);
        int shards = (int)System.Numerics.BitOperations.RoundUpToPowerOf2(
            (ulong)Math.Clamp(mostBytes / ShardBytes, 1, MostShards));
        _shards = [.. Enumerable.Range(0, shards).Select(_ => new ResultShard(mostBytes / shards, epochs))];
        _indexes = [.. _shards.Select(shard => shard.Index)];
        _readers = [.. Enumerable.Range(0, readers).Select(index => new ResultReader(this, epochs, index))];
    }

    public long MostBytes => Volatile.Read(ref _mostBytes);

    /// <summary>In use; entries put out that a reader may still see included.</summary>
    public long Bytes => _shards.Sum(shard => shard.Bytes);

    public long Count => _shards.Sum(shard => (long)shard.Count);

    public long Evicted => _shards.Sum(shard => shard.Evicted);

    /// <summary>Results that were too large for their shard.</summary>
    public long Refused => _shards.Sum(shard => shard.Refused);

    public ResultReader Reader(int index) => _readers[index];

    /// <summary>From any thread: stores a result, in place of one with the same key. False: it is too large.</summary>
    public bool Put(ulong hash, ReadOnlySpan<byte> key, in ResultHeader header, ReadOnlySpan<byte> payload) =>
        ShardOf(hash).Put(hash, key, header, payload);

    public bool Remove(ulong hash, ReadOnlySpan<byte> key) => ShardOf(hash).Remove(hash, key);

    /// <summary>Asks of every entry that was there at the beginning, some at a time under their shard's lock. The
    /// predicate must not use the store.</summary>
    public long RemoveWhere(ResultPredicate predicate)
    {
        lock (_walk)
        {
            return _shards.Sum(shard => shard.RemoveWhere(predicate));
        }
    }

    public void Clear() => RemoveWhere(static (in ResultHeader _, ReadOnlySpan<byte> _) => true);

    /// <summary>The number of shards stays, so this is for small changes of a large store: when it shrinks much, large
    /// results are refused.</summary>
    public void Resize(long mostBytes)
    {
        lock (_walk)
        {
            Volatile.Write(ref _mostBytes, mostBytes);
            Array.ForEach(_shards, shard => shard.Resize(mostBytes / _shards.Length));
        }
    }

    /// <summary>After this nothing is found and nothing stored; a result that a reader holds stays valid.</summary>
    public void Dispose()
    {
        lock (_walk)
        {
            Array.ForEach(_shards, shard => shard.Close());
        }
    }

    internal ResultIndex IndexOf(ulong hash) => _indexes[(int)hash & (_indexes.Length - 1)];

    private ResultShard ShardOf(ulong hash) => _shards[(int)hash & (_shards.Length - 1)];
}
