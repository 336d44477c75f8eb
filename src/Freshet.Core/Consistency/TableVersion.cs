namespace Freshet.Core.Consistency;

/// <summary>
/// The versions of one table: of any change (<see cref="Any"/>), and, once a statement asks for rows by key, of the
/// changes that concern one bucket of keys. A result of rows by key depends on its bucket and on <see cref="Whole"/>.
/// Cells are created and written under <see cref="Freshness"/>'s lock; anybody reads.
/// </summary>
internal sealed class TableVersion
{
    /// <summary>Buckets of keys of one table. More would spare a few entries their neighbours' writes and cost 40
    /// bytes each.</summary>
    internal const int BucketCount = 1024;

    private VersionCell[]? _buckets;
    private volatile bool _tracked;
    private long _changedAt;

    internal TableVersion(RelationId id) => Id = id;

    public RelationId Id { get; }

    /// <summary>Any change to the table.</summary>
    public VersionCell Any { get; } = new();

    /// <summary>Changes whose keys are not known one by one: TRUNCATE, and transactions of very many rows.</summary>
    public VersionCell Whole { get; } = new();

    /// <summary>Every commit that touches it is streamed. While false no result that depends on it may be stored.
    /// </summary>
    public bool IsTracked
    {
        get => _tracked;
        internal set => _tracked = value;
    }

    /// <summary>When the last commit to it was streamed, <see cref="System.Diagnostics.Stopwatch"/> ticks; 0: none
    /// since the start.</summary>
    public long ChangedAt => Volatile.Read(ref _changedAt);

    internal bool HasBuckets => _buckets is not null;

    /// <summary>The cell of a key's bucket; the buckets exist after <see cref="Freshness.SplitByKey"/>.</summary>
    public VersionCell Bucket(ulong keyHash) => _buckets![keyHash % BucketCount];

    internal void Changed() => Volatile.Write(ref _changedAt, System.Diagnostics.Stopwatch.GetTimestamp());

    internal void Split(Lsn position)
    {
        var buckets = new VersionCell[BucketCount];
        for (int i = 0; i < buckets.Length; i++)
        {
            buckets[i] = new VersionCell();
            buckets[i].Reset(position);
        }

        Volatile.Write(ref _buckets, buckets);
    }

    internal void Reset(Lsn position)
    {
        Any.Reset(position);
        Whole.Reset(position);
        foreach (VersionCell bucket in _buckets ?? [])
        {
            bucket.Reset(position);
        }
    }
}
