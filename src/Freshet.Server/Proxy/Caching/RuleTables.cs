using System.Collections.Concurrent;
using System.Collections.Immutable;
using Freshet.Core.Catalog;

namespace Freshet.Server.Proxy.Caching;

/// <summary>The tables that rules name, looked up once for each state of the definitions. Any thread.</summary>
internal sealed class RuleTables(DatabaseCache database)
{
    private volatile Lookup? _lookup;

    /// <summary>A statement depends on the table or on a part of it. False where there is no such table.</summary>
    public bool Concern(string name, CachedStatement statement)
    {
        if (database.Catalog is not { } catalog)
        {
            return false;
        }

        Lookup? lookup = _lookup;
        if (lookup is null || !ReferenceEquals(lookup.Catalog, catalog))
        {
            _lookup = lookup = new Lookup(catalog);
        }

        ImmutableHashSet<uint> tables = lookup.Tables.GetOrAdd(name, Find, catalog);
        return statement.Tables.Any(table => tables.Contains(table.Id.Value));
    }

    private ImmutableHashSet<uint> Find(string name, CatalogSnapshot catalog)
    {
        _ = TableSearch.Find(catalog, database.Name, name, out ImmutableHashSet<uint> tables);
        return tables;
    }

    private sealed class Lookup(CatalogSnapshot catalog)
    {
        public CatalogSnapshot Catalog => catalog;

        /// <summary>By the name in the rule: bounded as the rules are.</summary>
        public ConcurrentDictionary<string, ImmutableHashSet<uint>> Tables { get; } = new(StringComparer.Ordinal);
    }
}
