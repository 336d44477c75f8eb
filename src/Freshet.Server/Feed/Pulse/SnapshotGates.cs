using Freshet.Core.Consistency;

namespace Freshet.Server.Feed.Pulse;

/// <summary>What waits for transactions to end or to become visible, as snapshots show it. Any thread adds; the
/// pulse's thread opens.</summary>
internal sealed class SnapshotGates
{
    /// <summary>Most that wait. Each schema change that hangs in a commit holds one, and there are at most as many as
    /// server connections.</summary>
    internal const int MostGates = 10_000;

    private readonly Lock _lock = new();
    private readonly List<Gate> _gates = [];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _gates.Count;
            }
        }
    }

    /// <summary>When everything has ended that has a lower number than transaction <paramref name="next"/>, which was
    /// taken for that.</summary>
    public void WhenEnded(ulong next, Action then) => Add(new Gate(snapshot => snapshot.Oldest >= next, then));

    /// <summary>When a transaction that has committed is visible.</summary>
    public void WhenVisible(TransactionId transaction, Action then) =>
        Add(new Gate(snapshot => snapshot.Shows(transaction), then));

    /// <summary>Opens what the snapshot opens.</summary>
    public void Pass(VisibilitySnapshot snapshot)
    {
        List<Gate> open;
        lock (_lock)
        {
            if (_gates.Count == 0)
            {
                return;
            }

            open = _gates.FindAll(gate => gate.IsOpen(snapshot));
            _gates.RemoveAll(open.Contains);
        }

        open.ForEach(gate => gate.Then());
    }

    private void Add(Gate gate)
    {
        lock (_lock)
        {
            if (_gates.Count >= MostGates)
            {
                throw new FeedException(FeedFailure.Lost, $"more than {MostGates} transactions are being waited for");
            }

            _gates.Add(gate);
        }
    }

    private sealed record Gate(Func<VisibilitySnapshot, bool> IsOpen, Action Then);
}
