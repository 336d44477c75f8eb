namespace Freshet.Server.Proxy.Statements;

/// <summary>What is prepared on one server connection: shared statements in order of use, the unnamed one, and those
/// made by SQL's PREPARE. It changes when a message is sent, and back when the server refuses or skips it.</summary>
internal sealed class ServerStatements
{
    private readonly Dictionary<StatementEntry, LinkedListNode<StatementEntry>> _nodes = [];
    private readonly LinkedList<StatementEntry> _byUse = new();

    public int Count => _nodes.Count;

    /// <summary>Whose content the unnamed statement has; null: unknown.</summary>
    public StatementEntry? Unnamed { get; set; }

    /// <summary>Name → text of PREPARE; null while there is none.</summary>
    public Dictionary<string, byte[]>? Sql { get; set; }

    /// <summary>Prepared here, but with a plan whose result type no longer fits: the next Parse must be a real one.
    /// </summary>
    public HashSet<StatementEntry> Stale { get; } = [];

    /// <summary>True when it is there; it is then the most recently used.</summary>
    public bool Touch(StatementEntry entry)
    {
        if (ReferenceEquals(_byUse.First?.Value, entry))
        {
            return true;
        }

        if (!_nodes.TryGetValue(entry, out LinkedListNode<StatementEntry>? node))
        {
            return false;
        }

        _byUse.Remove(node);
        _byUse.AddFirst(node);
        return true;
    }

    public void Add(StatementEntry entry)
    {
        if (!_nodes.ContainsKey(entry))
        {
            _nodes.Add(entry, _byUse.AddFirst(entry));
        }
    }

    public void Remove(StatementEntry entry)
    {
        if (_nodes.Remove(entry, out LinkedListNode<StatementEntry>? node))
        {
            _byUse.Remove(node);
        }
    }

    /// <summary>The one to close so that there is room for another; null while there is room.</summary>
    public StatementEntry? TakeEvicted(int most)
    {
        if (_nodes.Count < most || _byUse.Last is not { } last)
        {
            return null;
        }

        Remove(last.Value);
        Stale.Remove(last.Value);
        return last.Value;
    }

    public void Clear()
    {
        _nodes.Clear();
        _byUse.Clear();
        Stale.Clear();
        Unnamed = null;
        Sql = null;
    }
}
