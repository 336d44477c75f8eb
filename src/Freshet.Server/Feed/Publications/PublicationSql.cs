using System.Collections.Immutable;

namespace Freshet.Server.Feed.Publications;

/// <summary>The statements on publications, as each version wants them.</summary>
internal static class PublicationSql
{
    /// <summary>Column lists and row filters came with 15.</summary>
    internal const int FirstWithColumnLists = 150_000;

    internal const string Facts = """
        select p.puballtables, p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate, p.pubviaroot,
               pg_catalog.pg_has_role(p.pubowner, 'USAGE')
          from pg_catalog.pg_publication p
         where p.pubname = $1
        """;

    // Deferrable, partial, invalid and expression indexes cannot serve as an identity; INCLUDE columns are no part of
    // it. pg_publication_tables has the effective members: those of FOR ALL TABLES and of whole schemas too.
    private const string TablesQuery = """
        select c.oid, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relkind, c.relpersistence,
               c.relreplident, c.relispartition, pg_catalog.pg_has_role(c.relowner, 'USAGE'),
               pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text,
               (select pg_catalog.array_agg(a.attname::pg_catalog.text order by k.ord)
                  from pg_catalog.pg_index x
                       cross join lateral pg_catalog.unnest(x.indkey) with ordinality k(attnum, ord)
                       join pg_catalog.pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.attnum
                 where x.indrelid = c.oid and x.indisunique and x.indimmediate and x.indisvalid
                   and x.indpred is null and x.indexprs is null and k.ord <= x.indnkeyatts
                   and case c.relreplident when 'd' then x.indisprimary
                                           when 'i' then x.indisreplident else false end),
               m.tablename is not null, {0}
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          left join pg_catalog.pg_publication_tables m
            on m.pubname = $1 and m.schemaname = n.nspname and m.tablename = c.relname
         where c.relkind in ('r', 'p', 'f', 'm') and c.relpersistence <> 't'
           and n.nspname <> 'pg_catalog' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_(toast|temp)'
         order by n.nspname, c.relname
         limit $2
        """;

    private const string ListAndFilter = """
        (select pg_catalog.array_agg(a.attname::pg_catalog.text)
                  from pg_catalog.pg_publication_rel r
                       join pg_catalog.pg_publication p on p.oid = r.prpubid and p.pubname = $1
                       cross join lateral pg_catalog.unnest(r.prattrs) l(attnum)
                       join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = l.attnum
                 where r.prrelid = c.oid),
               m.rowfilter is not null
        """;

    internal static string Tables(int version) => TablesQuery.Replace(
        "{0}",
        version >= FirstWithColumnLists ? ListAndFilter : "null::pg_catalog.text[], false",
        StringComparison.Ordinal);

    internal static string Create(string name) => $"CREATE PUBLICATION {TableFacts.Quote(name)}";

    // ONLY: a table's children have identities of their own, or none.
    internal static string Add(string name, IEnumerable<TableFacts> tables, bool usesLists) =>
        $"ALTER PUBLICATION {TableFacts.Quote(name)} ADD TABLE "
        + string.Join(", ", tables.Select(table => Member(table, usesLists)));

    internal static string Drop(string name, IEnumerable<TableFacts> tables) =>
        $"ALTER PUBLICATION {TableFacts.Quote(name)} DROP TABLE "
        + string.Join(", ", tables.Select(table => "ONLY " + table.QuotedName));

    private static string Member(TableFacts table, bool usesLists)
    {
        ImmutableArray<string> columns = PublicationPlan.ColumnList(table);
        return !usesLists || columns.IsEmpty
            ? "ONLY " + table.QuotedName
            : $"ONLY {table.QuotedName} ({string.Join(", ", columns.Select(TableFacts.Quote))})";
    }
}
