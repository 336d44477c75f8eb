using System.Collections.Immutable;
using Freshet.Core.Sql;

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
               m.tablename is not null,
               case when m.tablename is null then 0 else
                 coalesce((select r.oid::pg_catalog.int8
                             from pg_catalog.pg_publication_rel r
                                  join pg_catalog.pg_publication p on p.oid = r.prpubid and p.pubname = $1
                            where r.prrelid = c.oid),
                          a.memberships) end,
               {0}
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          left join pg_catalog.pg_publication_tables m
            on m.pubname = $1 and m.schemaname = n.nspname and m.tablename = c.relname
          left join ({1}) a on true
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

    // A table without a row of its own is published by its root, its schema or as one of all: any change of these
    // counts as a change of its own.
    private const string Memberships = """
        select (p.oid::pg_catalog.int8 + coalesce((select pg_catalog.sum(r.oid::pg_catalog.int8)
                  from pg_catalog.pg_publication_rel r where r.prpubid = p.oid), 0))::pg_catalog.int8 as memberships
          from pg_catalog.pg_publication p where p.pubname = $1
        """;

    private const string MembershipsWithSchemas = """
        select (p.oid::pg_catalog.int8 + coalesce((select pg_catalog.sum(r.oid::pg_catalog.int8)
                  from pg_catalog.pg_publication_rel r where r.prpubid = p.oid), 0)
                + coalesce((select pg_catalog.sum(s.oid::pg_catalog.int8)
                  from pg_catalog.pg_publication_namespace s where s.pnpubid = p.oid), 0))::pg_catalog.int8
               as memberships
          from pg_catalog.pg_publication p where p.pubname = $1
        """;

    /// <summary>Differs when the publication, or what decides about a table's place in it, does. Sums of hashes need no
    /// order, and so no sort.</summary>
    private const string FingerprintQuery = """
        select pg_catalog.concat_ws(':',
            (select p.oid::pg_catalog.text || p.xmin::pg_catalog.text
               from pg_catalog.pg_publication p where p.pubname = $1),
            (select m.memberships from ({0}) m),
            (select pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat_ws(',', c.oid, c.relname,
                        c.relnamespace, c.relkind, c.relpersistence, c.relreplident, c.relowner), 0))
               from pg_catalog.pg_class c where c.relkind in ('r', 'p', 'f', 'm') and c.oid >= 16384),
            (select pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat_ws(',', i.indexrelid,
                        i.indisprimary, i.indisreplident, i.indisvalid, i.indimmediate), 0))
               from pg_catalog.pg_index i
              where i.indrelid >= 16384 and (i.indisprimary or i.indisreplident)))
        """;

    internal static string Tables(int version) => TablesQuery
        .Replace(
            "{0}",
            version >= FirstWithColumnLists ? ListAndFilter : "null::pg_catalog.text[], false",
            StringComparison.Ordinal)
        .Replace("{1}", MembershipSum(version), StringComparison.Ordinal);

    internal static string Fingerprint(int version) =>
        FingerprintQuery.Replace("{0}", MembershipSum(version), StringComparison.Ordinal);

    /// <summary>Publications of whole schemas came with 15.</summary>
    private static string MembershipSum(int version) =>
        version >= FirstWithColumnLists ? MembershipsWithSchemas : Memberships;

    internal static string Create(string name) => $"CREATE PUBLICATION {SqlQuoting.Identifier(name)}";

    // ONLY: a table's children have identities of their own, or none.
    internal static string Add(string name, IEnumerable<TableFacts> tables, bool usesLists) =>
        $"ALTER PUBLICATION {SqlQuoting.Identifier(name)} ADD TABLE "
        + string.Join(", ", tables.Select(table => Member(table, usesLists)));

    internal static string Drop(string name, IEnumerable<TableFacts> tables) =>
        $"ALTER PUBLICATION {SqlQuoting.Identifier(name)} DROP TABLE "
        + string.Join(", ", tables.Select(table => "ONLY " + table.QuotedName));

    private static string Member(TableFacts table, bool usesLists)
    {
        ImmutableArray<string> columns = PublicationPlan.ColumnList(table);
        return !usesLists || columns.IsEmpty
            ? "ONLY " + table.QuotedName
            : $"ONLY {table.QuotedName} ({string.Join(", ", columns.Select(SqlQuoting.Identifier))})";
    }
}
