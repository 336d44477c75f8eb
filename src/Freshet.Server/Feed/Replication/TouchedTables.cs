using Freshet.Core.Consistency;

namespace Freshet.Server.Feed.Replication;

/// <summary>
/// What one transaction did so far, by table: the keys of its rows, until there are too many, or a row of which no key
/// is known; then the whole table. Reused from one transaction to the next; belongs to the stream's thread.
/// </summary>
internal sealed class TouchedTables(Func<RelationId, TableVersion> tables)
{
    /// <summary>Most keys of one table that are noted one by one: beyond, most of its buckets would be touched
    /// anyway.</summary>
    internal const int MostKeys = 256;

    private readonly Dictionary<RelationId, HashSet<ulong>?> _keys = [];

    /// <summary>One row, by its key.</summary>
    public void Touch(RelationId table, ulong keyHash)
    {
        if (!_keys.TryGetValue(table, out HashSet<ulong>? keys))
        {
            _keys.Add(table, keys = []);
        }

        if (keys is not null && keys.Add(keyHash) && keys.Count > MostKeys)
        {
            _keys[table] = null;
        }
    }

    /// <summary>Rows that are not known.</summary>
    public void TouchWhole(RelationId table) => _keys[table] = null;

    /// <summary>All of it in one list; empties this.</summary>
    public TableChange[] Take()
    {
        int count = 0;
        foreach (HashSet<ulong>? keys in _keys.Values)
        {
            count += keys?.Count ?? 1;
        }

        if (count == 0)
        {
            return [];
        }

        var changes = new TableChange[count];
        int next = 0;
        foreach (var (id, keys) in _keys)
        {
            TableVersion table = tables(id);
            if (keys is null)
            {
                changes[next++] = new TableChange(table, 0, IsWhole: true);
                continue;
            }

            foreach (ulong key in keys)
            {
                changes[next++] = new TableChange(table, key, IsWhole: false);
            }
        }

        _keys.Clear();
        return changes;
    }
}
