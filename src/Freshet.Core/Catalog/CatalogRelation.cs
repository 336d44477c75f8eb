using System.Collections.Frozen;

namespace Freshet.Core.Catalog;

/// <summary>One row of <c>pg_class</c> with what caching needs to know of it.</summary>
internal sealed record CatalogRelation
{
    public required uint Oid { get; init; }

    public required string Schema { get; init; }

    public required string Name { get; init; }

    /// <summary><c>relkind</c>: r table, p partitioned table, v view, m materialized view, f foreign table, S sequence.
    /// </summary>
    public required char Kind { get; init; }

    /// <summary><c>relpersistence</c>: p permanent, u unlogged, t temporary.</summary>
    public char Persistence { get; init; } = 'p';

    public bool HasRowSecurity { get; init; }

    /// <summary>UPDATE and DELETE can be streamed: there is a replica identity.</summary>
    public bool HasIdentity { get; init; }

    /// <summary>The one column of its replica identity; null: several, or the whole row.</summary>
    public string? KeyColumn { get; init; }

    public uint KeyType { get; init; }

    /// <summary>The key's collation tells all different bytes apart.</summary>
    public bool KeyIsDeterministic { get; init; }

    /// <summary>Its columns' names and the oids of their types, domains as what they are made of.</summary>
    public IReadOnlyDictionary<string, uint> Columns { get; init; } = FrozenDictionary<string, uint>.Empty;

    /// <summary>A view's definition, as <c>pg_get_viewdef</c> gives it.</summary>
    public string? Definition { get; init; }

    public bool IsSystem => Schema is "pg_catalog" or "information_schema" or "pg_toast";

    /// <summary>For messages.</summary>
    public string FullName => $"{Schema}.{Name}";
}
