namespace Freshet.Server.Proxy.Statements;

/// <summary>The prepared statements that one client believes to have. Made on the first use: most clients that sit
/// idle have none.</summary>
internal sealed class ClientStatements
{
    private readonly Dictionary<byte[], ClientStatement> _named = new(new StatementCache.BodyComparer());
    private readonly Dictionary<byte[], ClientStatement>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    public ClientStatements() => _lookup = _named.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>The content last given to the unnamed statement; null: none, or a failed one.</summary>
    public StatementEntry? Unnamed { get; set; }

    /// <summary>Name → text of SQL's PREPARE; null while there is none.</summary>
    public Dictionary<string, byte[]>? Sql { get; set; }

    public int Count => _named.Count + (Sql?.Count ?? 0);

    public ClientStatement? Find(ReadOnlySpan<byte> name) =>
        _lookup.TryGetValue(name, out ClientStatement? found) ? found : null;

    public void Add(ClientStatement statement) => _named[statement.Name] = statement;

    /// <summary>Removes just this one: a later statement of the same name stays.</summary>
    public void Remove(ClientStatement statement)
    {
        if (_named.TryGetValue(statement.Name, out ClientStatement? present) && ReferenceEquals(present, statement))
        {
            _named.Remove(statement.Name);
        }
    }

    public void Clear()
    {
        _named.Clear();
        Unnamed = null;
        Sql = null;
    }
}
