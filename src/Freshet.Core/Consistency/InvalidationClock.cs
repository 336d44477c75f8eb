namespace Freshet.Core.Consistency;

/// <summary>
/// Orders invalidations by hand against results: a counter that each invalidation advances. A result notes the reading
/// before its query is sent and is served only while none of its scopes was invalidated at a later one; while the clock
/// stands still one comparison tells that. Any thread.
/// </summary>
internal sealed class InvalidationClock
{
    private readonly Lock _lock = new();
    private long _now;

    public long Now => Volatile.Read(ref _now);

    /// <summary>Results of the scope that were sent for before this returns are not served any more.</summary>
    public void Invalidate(InvalidationScope scope)
    {
        lock (_lock)
        {
            scope.At = _now + 1;
            Volatile.Write(ref _now, _now + 1);
        }
    }
}
