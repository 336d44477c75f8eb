using System.Collections.Immutable;
using Freshet.Core.Catalog;

namespace Freshet.Server.Proxy.Caching;

/// <summary>Finds what somebody means by a table's name: the table, or all of that name when it stands without a
/// schema, with the parts of each.</summary>
internal static class TableSearch
{
    /// <param name="catalog">The database's definitions.</param>
    /// <param name="database">Its name, for messages.</param>
    /// <param name="name">With or without its schema, as the catalogue spells it.</param>
    /// <param name="tables">Their oids.</param>
    /// <returns>Null; or why there are none, in a sentence's words.</returns>
    public static string? Find(
        CatalogSnapshot catalog, string database, string name, out ImmutableHashSet<uint> tables)
    {
        tables = [];
        CatalogRelation[] found = [.. catalog.Relations.Where(relation => !relation.IsSystem
            && (string.Equals(relation.Name, name, StringComparison.Ordinal)
                || string.Equals(relation.FullName, name, StringComparison.Ordinal)))];
        if (found.Length == 0)
        {
            return $"there is no table \"{name}\" in database \"{database}\"";
        }

        if (found.FirstOrDefault(relation => relation.Kind == 'v') is { } view)
        {
            return $"\"{view.FullName}\" is a view: name the tables behind it";
        }

        var whole = new HashSet<uint>();
        var open = new Stack<uint>(found.Select(relation => relation.Oid));
        while (open.TryPop(out uint relation))
        {
            if (whole.Add(relation))
            {
                Array.ForEach(catalog.ChildrenOf(relation), open.Push);
            }
        }

        tables = [.. whole];
        return null;
    }
}
