using Freshet.Core.Catalog;
using Npgsql;

namespace Freshet.Server.Catalog;

/// <summary>Reads a database's definitions in one snapshot. Needs no rights but to connect.</summary>
internal static class CatalogReader
{
    private const string RelationsSql =
        """
        SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity,
               c.relkind = 'r' AND (c.relreplident = 'f' OR i.indexrelid IS NOT NULL),
               a.attname, a.atttypid, coalesce(l.collisdeterministic, true),
               CASE WHEN c.relkind = 'v' AND c.oid >= 16384 THEN pg_catalog.pg_get_viewdef(c.oid) END
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
             AND ((c.relreplident = 'd' AND i.indisprimary) OR (c.relreplident = 'i' AND i.indisreplident))
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] AND i.indnkeyatts = 1
        LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
          AND n.nspname NOT LIKE 'pg\_temp%' AND n.nspname NOT LIKE 'pg\_toast%'
        """;

    private const string FunctionsSql =
        """
        SELECT n.nspname, p.proname, p.provolatile, p.prokind, l.lanname, p.oid < 16384,
               p.pronargs - p.pronargdefaults <= 1 AND p.pronargs > 0
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
        WHERE p.oid >= 16384 OR p.provolatile <> 'i'
        """;

    private const string InheritanceSql = "SELECT i.inhparent, i.inhrelid FROM pg_catalog.pg_inherits i";

    /// <summary>Operators by the users whose functions are neither compiled nor IMMUTABLE, and what the operator
    /// classes call.</summary>
    private const string OperatorsSql =
        """
        SELECT o.oprname, n.nspname, p.proname, false
        FROM pg_catalog.pg_operator o
        JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
        WHERE o.oid >= 16384 AND NOT (p.provolatile = 'i' AND l.lanname IN ('internal', 'c'))
        UNION ALL
        SELECT 'an operator class by ' || n.nspname || '.' || p.proname || '()', n.nspname, p.proname, true
        FROM pg_catalog.pg_amproc m
        JOIN pg_catalog.pg_proc p ON p.oid = m.amproc
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
        WHERE m.oid >= 16384 AND NOT (p.provolatile = 'i' AND l.lanname IN ('internal', 'c'))
        """;

    /// <summary>Casts by such functions, and those by which a text becomes a date. The types that take part, their
    /// arrays and the domains over them.</summary>
    private const string CastsSql =
        $"""
        {DateTypesCte},
        doubtful AS (
          SELECT c.castcontext = 'i' AS implicit, c.castsource, c.casttarget,
                 coalesce(n.nspname, '') AS schema, coalesce(p.proname, '') AS name
          FROM pg_catalog.pg_cast c
          LEFT JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc
          LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
          LEFT JOIN pg_catalog.pg_language l ON l.oid = p.prolang
          WHERE c.oid >= 16384
            AND ((c.castmethod = 'f' AND NOT (p.provolatile = 'i' AND l.lanname IN ('internal', 'c')))
                 OR (c.castmethod = 'i' AND c.casttarget IN (SELECT oid FROM date)))
        )
        SELECT d.implicit, d.schema, d.name, d.castsource::pg_catalog.regtype::text || ' to '
               || d.casttarget::pg_catalog.regtype::text,
               (SELECT pg_catalog.array_agg(t.typname::text) FROM pg_catalog.pg_type t
                WHERE t.oid IN (d.castsource, d.casttarget) OR t.typbasetype IN (d.castsource, d.casttarget)
                   OR t.typelem IN (d.castsource, d.casttarget))
        FROM doubtful d
        """;

    private const string DateTypesSql =
        $"""
        {DateTypesCte}
        SELECT DISTINCT t.typname FROM date JOIN pg_catalog.pg_type t USING (oid) WHERE t.oid >= 16384
        """;

    /// <summary>Types whose input reads a date: date, time, timestamp, with and without time zone, and what is made of
    /// them.</summary>
    private const string DateTypesCte =
        """
        WITH RECURSIVE part (oid, whole) AS (
          SELECT typbasetype, oid FROM pg_catalog.pg_type WHERE typbasetype <> 0
          UNION ALL SELECT typelem, oid FROM pg_catalog.pg_type WHERE typelem <> 0
          UNION ALL SELECT rngsubtype, rngtypid FROM pg_catalog.pg_range
          UNION ALL SELECT rngtypid, rngmultitypid FROM pg_catalog.pg_range
          UNION ALL SELECT a.atttypid, c.reltype FROM pg_catalog.pg_attribute a
                    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
                    WHERE c.reltype <> 0 AND a.attnum > 0 AND NOT a.attisdropped AND c.oid >= 16384
        ), date (oid) AS (
          SELECT oid FROM pg_catalog.pg_type WHERE oid IN (1082, 1083, 1114, 1184, 1266)
          UNION SELECT p.whole FROM date d JOIN part p ON p.oid = d.oid
        )
        """;

    private const string ColumnsSql =
        """
        WITH RECURSIVE domain (oid, base) AS (
          SELECT oid, typbasetype FROM pg_catalog.pg_type WHERE typbasetype <> 0
          UNION ALL SELECT d.oid, t.typbasetype FROM domain d
                    JOIN pg_catalog.pg_type t ON t.oid = d.base AND t.typbasetype <> 0
        ), bottom AS (
          SELECT d.oid, d.base FROM domain d JOIN pg_catalog.pg_type t ON t.oid = d.base AND t.typbasetype = 0
        )
        SELECT a.attrelid, a.attname, coalesce(b.base, a.atttypid)
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        LEFT JOIN bottom b ON b.oid = a.atttypid
        WHERE a.attnum > 0 AND NOT a.attisdropped AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        """;

    private const string PathSql =
        """
        SELECT pg_catalog.current_setting('search_path') LIKE '%information_schema%' OR EXISTS (
          SELECT FROM pg_catalog.pg_db_role_setting WHERE setconfig::text LIKE '%information_schema%')
        """;

    /// <param name="connection">Open, outside a transaction.</param>
    /// <param name="schemaVersion">The schema version before this call: what changes meanwhile raises it.</param>
    /// <param name="trustedFunctions">From the configuration.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static async Task<CatalogSnapshot> ReadAsync(
        NpgsqlConnection connection, long schemaVersion, IReadOnlyCollection<string> trustedFunctions,
        CancellationToken cancellation)
    {
        await using NpgsqlTransaction transaction =
            await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellation);
        var trusted = new HashSet<string>(trustedFunctions, StringComparer.Ordinal);
        bool IsDoubtful(string schema, string name) => !trusted.Contains(name) && !trusted.Contains($"{schema}.{name}");

        ILookup<uint, (uint Relation, string Name, uint Type)> columns =
            (await ListAsync(connection, ColumnsSql, ReadColumn, cancellation)).ToLookup(column => column.Relation);
        List<CatalogRelation> relations = await ListAsync(
            connection, RelationsSql, row => ReadRelation(row, columns), cancellation);
        List<CatalogFunction> functions = await ListAsync(connection, FunctionsSql, ReadFunction, cancellation);
        List<(uint, uint)> inheritance = await ListAsync(
            connection, InheritanceSql, row => (row.GetFieldValue<uint>(0), row.GetFieldValue<uint>(1)), cancellation);
        var operators = await ListAsync(connection, OperatorsSql, ReadOperator, cancellation);
        var casts = await ListAsync(connection, CastsSql, ReadCast, cancellation);
        List<string> dateTypes = await ListAsync(connection, DateTypesSql, row => row.GetString(0), cancellation);
        List<bool> path = await ListAsync(connection, PathSql, row => row.GetBoolean(0), cancellation);
        await transaction.CommitAsync(cancellation);
        operators.RemoveAll(one => !IsDoubtful(one.Schema, one.Function));
        casts.RemoveAll(cast => !IsDoubtful(cast.Schema, cast.Function));
        return new CatalogSnapshot(
            new CatalogRows
            {
                // A replica identity by two equal indexes would give two rows.
                Relations = [.. relations.DistinctBy(relation => relation.Oid)],
                Functions = functions,
                Inheritance = inheritance,
                DoubtfulOperators = [.. operators.Where(one => !one.IsUnseen).Select(one => one.Symbol)],
                DoubtfulTypes = [.. casts.SelectMany(cast => cast.Types).Distinct(StringComparer.Ordinal)],
                DoubtfulEverywhere = casts.Where(cast => cast.IsImplicit).Select(cast => $"the cast from {cast.Name}")
                    .Concat(operators.Where(one => one.IsUnseen).Select(one => one.Symbol)).FirstOrDefault(),
                DateTypes = dateTypes,
                DefaultPathHasInformationSchema = path[0],
            },
            schemaVersion,
            trustedFunctions);
    }

    private static (uint Relation, string Name, uint Type) ReadColumn(NpgsqlDataReader row) =>
        (row.GetFieldValue<uint>(0), row.GetString(1), row.GetFieldValue<uint>(2));

    private static CatalogRelation ReadRelation(
        NpgsqlDataReader row, ILookup<uint, (uint Relation, string Name, uint Type)> columns) =>
        new()
        {
            Oid = row.GetFieldValue<uint>(0),
            Schema = row.GetString(1),
            Name = row.GetString(2),
            Kind = row.GetFieldValue<char>(3),
            Persistence = row.GetFieldValue<char>(4),
            HasRowSecurity = row.GetBoolean(5),
            HasIdentity = row.GetBoolean(6),
            KeyColumn = row.IsDBNull(7) ? null : row.GetString(7),
            KeyType = row.IsDBNull(8) ? 0 : row.GetFieldValue<uint>(8),
            KeyIsDeterministic = row.GetBoolean(9),
            Definition = row.IsDBNull(10) ? null : row.GetString(10),
            Columns = columns[row.GetFieldValue<uint>(0)].ToDictionary(
                column => column.Name, column => column.Type, StringComparer.Ordinal),
        };

    private static CatalogFunction ReadFunction(NpgsqlDataReader row) =>
        new(
            row.GetString(0), row.GetString(1), row.GetFieldValue<char>(2), row.GetFieldValue<char>(3),
            row.GetString(4), row.GetBoolean(5), row.GetBoolean(6));

    private static (string Symbol, string Schema, string Function, bool IsUnseen) ReadOperator(NpgsqlDataReader row) =>
        (row.GetString(0), row.GetString(1), row.GetString(2), row.GetBoolean(3));

    private static (bool IsImplicit, string Schema, string Function, string Name, string[] Types) ReadCast(
        NpgsqlDataReader row) =>
        (row.GetBoolean(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<string[]>(4));

    private static async Task<List<T>> ListAsync<T>(
        NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
