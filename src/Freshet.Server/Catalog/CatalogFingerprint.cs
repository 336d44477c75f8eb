using Npgsql;

namespace Freshet.Server.Catalog;

/// <summary>A text that changes with every change of definitions, rights and settings that can change what a query
/// returns: counts and sums over the rows' xmin of the catalogues that hold them. Temporary tables are left out, as
/// every session may make its own. What autovacuum and ANALYZE write they write in place, without a new xmin.</summary>
internal static class CatalogFingerprint
{
    private const string Sql =
        """
        WITH relation AS (
          SELECT c.oid, c.reltype, c.xmin FROM pg_catalog.pg_class c
          WHERE c.oid >= 16384 AND c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
        ), rows (part, row) AS (
          SELECT 1, xmin::text::bigint * 31 + oid::bigint FROM relation
          UNION ALL SELECT 2, a.xmin::text::bigint * 31 + a.attnum FROM pg_catalog.pg_attribute a
                    JOIN relation r ON r.oid = a.attrelid
          UNION ALL SELECT 3, xmin::text::bigint * 31 + oid::bigint FROM pg_catalog.pg_proc
                    WHERE oid >= 16384 OR proacl IS NOT NULL
          UNION ALL SELECT 4, w.xmin::text::bigint FROM pg_catalog.pg_rewrite w WHERE w.oid >= 16384
          UNION ALL SELECT 5, xmin::text::bigint FROM pg_catalog.pg_policy
          UNION ALL SELECT 6, i.xmin::text::bigint * 31 + i.inhrelid::bigint FROM pg_catalog.pg_inherits i
          UNION ALL SELECT 7, xmin::text::bigint * 31 + oid::bigint FROM pg_catalog.pg_namespace
                    WHERE nspname NOT LIKE 'pg\_%'
          UNION ALL SELECT 8, xmin::text::bigint FROM pg_catalog.pg_operator WHERE oid >= 16384
          UNION ALL SELECT 9, xmin::text::bigint FROM pg_catalog.pg_cast WHERE oid >= 16384
          UNION ALL SELECT 10, t.xmin::text::bigint FROM pg_catalog.pg_type t
                    WHERE t.oid >= 16384 AND t.typtype IN ('b', 'd', 'e', 'r', 'm') AND t.typcategory <> 'A'
          UNION ALL SELECT 11, x.xmin::text::bigint FROM pg_catalog.pg_index x JOIN relation r ON r.oid = x.indrelid
          UNION ALL SELECT 12, e.xmin::text::bigint * 31 + e.oid::bigint FROM pg_catalog.pg_enum e
          UNION ALL SELECT 13, xmin::text::bigint FROM pg_catalog.pg_auth_members
          UNION ALL SELECT 14, xmin::text::bigint FROM pg_catalog.pg_db_role_setting
          UNION ALL SELECT 15, xmin::text::bigint FROM pg_catalog.pg_collation WHERE oid >= 16384
          UNION ALL SELECT 16, (extract(epoch FROM pg_catalog.pg_conf_load_time()) * 1000)::bigint
          UNION ALL SELECT 18, xmin::text::bigint FROM pg_catalog.pg_opclass WHERE oid >= 16384
          UNION ALL SELECT 19, xmin::text::bigint FROM pg_catalog.pg_amproc WHERE oid >= 16384
          UNION ALL SELECT 20, xmin::text::bigint * 31 + oid::bigint FROM pg_catalog.pg_ts_config
          UNION ALL SELECT 21, m.xmin::text::bigint * 31 + m.mapdict::bigint FROM pg_catalog.pg_ts_config_map m
          UNION ALL SELECT 22, xmin::text::bigint * 31 + oid::bigint FROM pg_catalog.pg_ts_dict
          UNION ALL SELECT 17, pg_catalog.hashtext(rolname || rolsuper::text || rolinherit::text || rolbypassrls::text)
                    FROM pg_catalog.pg_roles
        )
        SELECT pg_catalog.string_agg(part || ':' || n || ':' || total, ' ' ORDER BY part)
        FROM (SELECT part, count(*) AS n, sum(row) AS total FROM rows GROUP BY part) AS parts
        """;

    /// <param name="connection">Open.</param>
    /// <param name="cancellation">Ends the query.</param>
    public static async Task<string> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        return (string?)await command.ExecuteScalarAsync(cancellation) ?? "";
    }
}
