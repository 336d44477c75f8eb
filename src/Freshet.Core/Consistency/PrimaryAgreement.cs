namespace Freshet.Core.Consistency;

/// <summary>
/// Holds that all server connections of a database lead to the primary that its stream comes from. Where they do not
/// (a name with several addresses, an address that has moved while the old server goes on), a result may be older than
/// the version it would be stored under, and a session's own commit would never come in the stream.
/// <para>Invariant: while a stream is followed, no connection is open that leads elsewhere, but for the time that it
/// takes to give the stream up: whoever joins with another identity has done so before it returns.</para>
/// Any thread.
/// </summary>
internal sealed class PrimaryAgreement
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PrimaryIdentity, int> _connections = [];
    private Action<PrimaryIdentity>? _giveUp;

    // Boxed, so that it can be read without the lock.
    private volatile Followed? _followed;

    /// <summary>Called when a stream is about to begin, after it is known where it comes from. On the feed's thread;
    /// must not wait. Set once, before the feed starts.</summary>
    public Action? Following { get; set; }

    /// <summary>A server connection is open and about to be used.</summary>
    public PrimaryMembership Join(PrimaryIdentity identity)
    {
        lock (_lock)
        {
            _connections[identity] = _connections.GetValueOrDefault(identity) + 1;
            if (_giveUp is { } giveUp && identity != _followed!.Identity)
            {
                _giveUp = null;
                giveUp(identity);
            }
        }

        return new PrimaryMembership(this, identity);
    }

    /// <summary>A stream is about to begin.</summary>
    /// <param name="identity">Of the server that it comes from.</param>
    /// <param name="giveUp">Called at most once, when a connection joins that leads elsewhere; under a lock, on any
    /// thread. The stream must not be trusted any more when it returns.</param>
    public void Follow(PrimaryIdentity identity, Action<PrimaryIdentity> giveUp)
    {
        lock (_lock)
        {
            _followed = new Followed(identity);
            _giveUp = giveUp;
        }

        Following?.Invoke();
    }

    /// <summary>The stream has ended.</summary>
    public void Unfollow()
    {
        lock (_lock)
        {
            _giveUp = null;
        }
    }

    /// <summary>How many open connections lead elsewhere than the stream that is or was followed last.</summary>
    /// <param name="example">One of the places: of the unknown ones first, then of the latest timeline.</param>
    public int CountElsewhere(out PrimaryIdentity example)
    {
        lock (_lock)
        {
            example = default;
            if (_followed is not { } followed)
            {
                return 0;
            }

            (PrimaryIdentity Identity, int Count)[] elsewhere =
                [.. _connections.Where(pair => pair.Key != followed.Identity).Select(pair => (pair.Key, pair.Value))];
            example = elsewhere
                .OrderBy(place => place.Identity.IsKnown)
                .ThenByDescending(place => place.Identity.Timeline)
                .FirstOrDefault().Identity;
            return elsewhere.Sum(place => place.Count);
        }
    }

    /// <summary>A connection that leads there is to be replaced as soon as it is free: the stream comes from a later
    /// primary of the same cluster, or from another cluster. Those of a standby stay: where a name leads to one, the
    /// next connection would lead there too.</summary>
    public bool IsOutdated(PrimaryIdentity identity) =>
        _followed is { } followed
        && identity is { IsKnown: true, IsStandby: false }
        && identity != followed.Identity
        && !followed.Identity.IsBefore(identity);

    /// <summary>A stream is or was followed that comes from elsewhere.</summary>
    public bool IsElsewhere(PrimaryIdentity identity) =>
        _followed is { } followed && identity != followed.Identity;

    internal void Leave(PrimaryIdentity identity)
    {
        lock (_lock)
        {
            if (--_connections[identity] == 0)
            {
                _connections.Remove(identity);
            }
        }
    }

    private sealed record Followed(PrimaryIdentity Identity);
}
