using System.Collections.Immutable;
using Freshet.Core.Consistency;
using Freshet.Server.Feed.Publications;
using Freshet.Server.Feed.Pulse;

namespace Freshet.Server.Feed;

/// <summary>
/// Which tables one stream follows. A table counts as tracked only when the transactions have ended that ran when the
/// publication was altered: what they did before is not streamed. Any thread, under a lock.
/// </summary>
internal sealed class TrackedTables(Freshness freshness, SnapshotGates gates)
{
    private readonly Lock _lock = new();
    private readonly HashSet<TrackedTable> _ready = [];
    private Dictionary<RelationId, long> _wanted = [];
    private PublicationState _state = PublicationState.None;
    private bool _isLive;
    private bool _isClosed;
    private int _version;

    /// <summary>As last seen.</summary>
    public PublicationState State => Volatile.Read(ref _state);

    /// <summary>Some table could not be published, for the time being.</summary>
    public bool HasFailures => State.HasFailures;

    /// <summary>Before the stream begins.</summary>
    public void Begin(PublicationState state, int serverVersionNumber)
    {
        lock (_lock)
        {
            _state = state;
            _version = serverVersionNumber;
            _wanted = Wanted(state);
            _ready.UnionWith(state.Tracked);
        }
    }

    /// <summary>The stream has begun, and all transactions have ended that ran when it did.</summary>
    public void GoLive()
    {
        lock (_lock)
        {
            if (!_isClosed)
            {
                _isLive = true;
                TrackAll(_ready);
                freshness.GoLive();
            }
        }
    }

    /// <summary>The stream has ended: nothing goes live or becomes tracked by it any more.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
        }
    }

    /// <summary>These are about to be no longer streamed.</summary>
    public void Untrack(IEnumerable<RelationId> tables)
    {
        lock (_lock)
        {
            foreach (RelationId id in tables)
            {
                if (_wanted.Remove(id))
                {
                    freshness.Untrack(id);
                }
            }
        }
    }

    /// <summary>The publication was looked at again.</summary>
    /// <exception cref="FeedException">Only a new stream would see the tables that were added.</exception>
    public void Change(PublicationState state)
    {
        lock (_lock)
        {
            // Taken out and put in again is both gone and new: in between its commits were not streamed.
            Dictionary<RelationId, long> wanted = Wanted(state);
            Untrack([.. _wanted.Where(pair => !wanted.Contains(pair)).Select(pair => pair.Key)]);
            TrackedTable[] added = [.. state.Tracked.Where(table => !_wanted.ContainsKey(table.Id))];
            _ready.IntersectWith(state.Tracked);
            _wanted = wanted;
            _state = state;
            if (added.Length == 0)
            {
                return;
            }

            if (!state.IsForAllTables && !SeesAddedTables(_version))
            {
                throw new FeedException(
                    FeedFailure.Lost,
                    "tables were added to the publication, which a running stream of this server version may not see");
            }

            gates.WhenEnded(state.NextTransaction, () => TrackAdded(added));
        }
    }

    /// <summary>A walsender that decodes a transaction older than an ALTER PUBLICATION could keep the old list of
    /// tables for good, until the minor releases of May 2025 (17.5, 16.9, 15.13, 14.18, 13.21).</summary>
    internal static bool SeesAddedTables(int version) => (version / 10_000) switch
    {
        13 => version >= 130_021,
        14 => version >= 140_018,
        15 => version >= 150_013,
        16 => version >= 160_009,
        17 => version >= 170_005,
        var major => major > 17,
    };

    private static Dictionary<RelationId, long> Wanted(PublicationState state) =>
        state.Tracked.ToDictionary(table => table.Id, table => table.Membership);

    private void TrackAdded(TrackedTable[] added)
    {
        lock (_lock)
        {
            // Before the stream is live, going live tracks them.
            _ready.UnionWith(added);
            if (_isLive && !_isClosed)
            {
                TrackAll(added);
            }
        }
    }

    /// <summary>Those that were taken out meanwhile, or put in again, wait for a gate of their own.</summary>
    private void TrackAll(IEnumerable<TrackedTable> tables)
    {
        foreach (TrackedTable table in tables)
        {
            if (_wanted.TryGetValue(table.Id, out long membership) && membership == table.Membership)
            {
                freshness.Track(table.Id);
            }
        }
    }
}
