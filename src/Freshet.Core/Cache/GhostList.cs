namespace Freshet.Core.Cache;

/// <summary>The hashes of entries that left the small queue unused, oldest first out: who comes back soon was put out
/// too early. Under its shard's lock.</summary>
internal sealed class GhostList
{
    private readonly Queue<ulong> _order = new();
    private readonly HashSet<ulong> _present = [];

    public void Add(ulong hash, int most)
    {
        if (_present.Add(hash))
        {
            _order.Enqueue(hash);
        }

        while (_order.Count > most)
        {
            _present.Remove(_order.Dequeue());
        }
    }

    public bool Take(ulong hash) => _present.Remove(hash);

    public void Clear()
    {
        _order.Clear();
        _present.Clear();
    }
}
