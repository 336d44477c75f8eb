namespace Freshet.Core.Consistency;

/// <summary>Something that results can be invalidated by by hand: a table, a tag, a statement, all of a database.
/// <see cref="InvalidationClock"/> tells when that last happened.</summary>
internal sealed class InvalidationScope
{
    private long _at;

    /// <summary>The clock's reading when it was last invalidated; results sent for before that are no longer served.
    /// </summary>
    public long At
    {
        get => Volatile.Read(ref _at);
        internal set => Volatile.Write(ref _at, value);
    }
}
