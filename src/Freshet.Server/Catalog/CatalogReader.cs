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
        LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisvalid
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

    private const string OperatorsSql =
        """
        SELECT o.oprname, n.nspname, p.proname
        FROM pg_catalog.pg_operator o
        JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
        WHERE p.oid >= 16384 AND NOT (p.provolatile = 'i' AND l.lanname IN ('internal', 'c'))
        """;

    private const string CastsSql =
        """
        SELECT c.castcontext = 'i', s.typname, t.typname, n.nspname, p.proname
        FROM pg_catalog.pg_cast c
        JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
        JOIN pg_catalog.pg_type s ON s.oid = c.castsource
        JOIN pg_catalog.pg_type t ON t.oid = c.casttarget
        WHERE p.oid >= 16384 AND NOT (p.provolatile = 'i' AND l.lanname IN ('internal', 'c'))
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

        List<CatalogRelation> relations = await ListAsync(connection, RelationsSql, ReadRelation, cancellation);
        List<CatalogFunction> functions = await ListAsync(connection, FunctionsSql, ReadFunction, cancellation);
        List<(uint, uint)> inheritance = await ListAsync(
            connection, InheritanceSql, row => (row.GetFieldValue<uint>(0), row.GetFieldValue<uint>(1)), cancellation);
        var operators = await ListAsync(
            connection, OperatorsSql,
            row => (Symbol: row.GetString(0), Schema: row.GetString(1), Name: row.GetString(2)), cancellation);
        var casts = await ListAsync(connection, CastsSql, ReadCast, cancellation);
        await transaction.CommitAsync(cancellation);
        var doubtful = casts.Where(cast => IsDoubtful(cast.Schema, cast.Function)).ToList();
        return new CatalogSnapshot(
            new CatalogRows
            {
                // A replica identity by two equal indexes would give two rows.
                Relations = [.. relations.DistinctBy(relation => relation.Oid)],
                Functions = functions,
                Inheritance = inheritance,
                DoubtfulOperators = [.. operators.Where(o => IsDoubtful(o.Schema, o.Name)).Select(o => o.Symbol)],
                DoubtfulTypes = [.. doubtful.SelectMany(cast => new[] { cast.Source, cast.Target })
                    .Distinct(StringComparer.Ordinal)],
                DoubtfulImplicitCast = doubtful.Where(cast => cast.Implicit)
                    .Select(cast => $"{cast.Schema}.{cast.Function}()").FirstOrDefault(),
            },
            schemaVersion,
            trustedFunctions);
    }

    private static CatalogRelation ReadRelation(NpgsqlDataReader row) =>
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
        };

    private static CatalogFunction ReadFunction(NpgsqlDataReader row) =>
        new(
            row.GetString(0), row.GetString(1), row.GetFieldValue<char>(2), row.GetFieldValue<char>(3),
            row.GetString(4), row.GetBoolean(5), row.GetBoolean(6));

    private static (bool Implicit, string Source, string Target, string Schema, string Function) ReadCast(
        NpgsqlDataReader row) =>
        (row.GetBoolean(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4));

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
