using Npgsql;

namespace Freshet.Server.Feed;

/// <summary>Keeps the publication complete where it may: every table whose updates and deletes can be streamed, with no
/// columns but those of its replica identity, so that the stream stays thin. A user's table is never altered. What is
/// in
/// the publication whoever made it, is read back: only that is tracked.</summary>
internal sealed class PublicationKeeper(string name)
{
    public string Name => name;

    /// <summary>Column lists came with it.</summary>
    private const int FirstVersion = 150_000;

    private const string FindSql =
        """
        SELECT p.oid, p.puballtables, p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate,
               pg_catalog.pg_has_role(p.pubowner, 'USAGE')
        FROM pg_catalog.pg_publication p WHERE p.pubname = $1
        """;

    /// <summary>Tables that could be streamed: ordinary, logged, with an identity that is an index or the whole row,
    /// ours
    /// to publish.</summary>
    private const string CandidatesSql =
        """
        SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
               pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
             AND ((c.relreplident = 'd' AND i.indisprimary) OR (c.relreplident = 'i' AND i.indisreplident))
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
        WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND c.oid >= 16384
          AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
          AND (i.indexrelid IS NOT NULL OR c.relreplident = 'f')
          AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
        GROUP BY 1, 2
        """;

    private const string PresentSql =
        """
        SELECT r.prrelid, r.prqual IS NOT NULL,
               (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
                FROM pg_catalog.pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs))
        FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = $1
        """;

    private const string TrackedSql =
        """
        SELECT c.oid FROM pg_catalog.pg_publication_tables t
        JOIN pg_catalog.pg_namespace n ON n.nspname = t.schemaname
        JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
        WHERE t.pubname = $1 AND t.rowfilter IS NULL AND c.relkind = 'r' AND c.relpersistence = 'p'
          AND (c.relreplident = 'f' OR EXISTS (
            SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate
            AND ((c.relreplident = 'd' AND i.indisprimary) OR (c.relreplident = 'i' AND i.indisreplident))))
        """;

    /// <summary>Makes or completes the publication, and says which tables it streams.</summary>
    /// <exception cref="FeedException">There is none, and this role may not make one.</exception>
    public HashSet<uint> Keep(NpgsqlConnection connection)
    {
        if (connection.PostgreSqlVersion.Major * 10_000 < FirstVersion)
        {
            throw new FeedException(
                $"the server is PostgreSQL {connection.PostgreSqlVersion}; following it needs 15 or later",
                isPermanent: true);
        }

        Found? found = Find(connection);
        if (found is null)
        {
            Create(connection);
        }
        else if (found is { IsOurs: true, IsForAll: false })
        {
            Complete(connection, found.Oid);
        }

        if (Find(connection) is not { IsComplete: true })
        {
            throw new FeedException(
                $"the publication {name} does not publish insert, update, delete and truncate; "
                + $"ALTER PUBLICATION {Quote(name)} SET (publish = 'insert, update, delete, truncate')",
                isPermanent: true);
        }

        return [.. List(connection, TrackedSql, row => row.GetFieldValue<uint>(0), name)];
    }

    private Found? Find(NpgsqlConnection connection) =>
        List(
            connection, FindSql,
            row => new Found(row.GetFieldValue<uint>(0), row.GetBoolean(1), row.GetBoolean(2), row.GetBoolean(3)), name)
            .FirstOrDefault();

    private void Create(NpgsqlConnection connection)
    {
        string tables = string.Join(", ", Candidates(connection).Select(candidate => candidate.Published));
        try
        {
            Run(connection, $"CREATE PUBLICATION {Quote(name)}" + (tables.Length == 0 ? "" : $" FOR TABLE {tables}"));
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.DuplicateObject)
        {
            // Another Freshet was quicker; it made the same.
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new FeedException(
                $"there is no publication {name}, and this role may not make one ({refused.MessageText}): "
                + $"as an administrator, CREATE PUBLICATION {Quote(name)} FOR ALL TABLES",
                isPermanent: true, refused);
        }
    }

    private void Complete(NpgsqlConnection connection, uint publication)
    {
        var present = List(
            connection, PresentSql,
            row => new Present(
                row.GetFieldValue<uint>(0), row.GetBoolean(1), row.IsDBNull(2) ? null : row.GetString(2)),
            publication).ToDictionary(entry => entry.Oid);
        foreach (Candidate candidate in Candidates(connection))
        {
            Present? entry = present.GetValueOrDefault(candidate.Oid);
            if (entry is { Filtered: true } or { Columns: null }
                || string.Equals(entry?.Columns, candidate.Columns, StringComparison.Ordinal))
            {
                continue;
            }

            try
            {
                if (entry is not null)
                {
                    Run(connection, $"ALTER PUBLICATION {Quote(name)} DROP TABLE {candidate.Table}");
                }

                Run(connection, $"ALTER PUBLICATION {Quote(name)} ADD TABLE {candidate.Published}");
            }
            catch (PostgresException refused) when (refused.SqlState
                is PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.UndefinedTable
                or PostgresErrorCodes.UndefinedObject)
            {
                // Another Freshet was quicker, or the table is gone: what is there is read back.
            }
        }
    }

    private static List<Candidate> Candidates(NpgsqlConnection connection) =>
        List(
            connection, CandidatesSql,
            row => new Candidate(
                row.GetFieldValue<uint>(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2)));

    private static void Run(NpgsqlConnection connection, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    private static List<T> List<T>(
        NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, object? parameter = null)
    {
        using var command = new NpgsqlCommand(sql, connection);
        if (parameter is uint oid)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = oid, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid });
        }
        else if (parameter is not null)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        using NpgsqlDataReader reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static string Quote(string identifier) =>
        '"' + identifier.Replace("\"", "\"\"", StringComparison.Ordinal) + '"';

    private sealed record Found(uint Oid, bool IsForAll, bool IsComplete, bool IsOurs);

    /// <param name="Oid">The table's.</param>
    /// <param name="Filtered">It has a row filter: not ours.</param>
    /// <param name="Columns">Its column list; null: the whole row.</param>
    private sealed record Present(uint Oid, bool Filtered, string? Columns);

    /// <param name="Oid">The table's.</param>
    /// <param name="Table">Its quoted name.</param>
    /// <param name="Columns">Those of its replica identity; null: the whole row.</param>
    private sealed record Candidate(uint Oid, string Table, string? Columns)
    {
        public string Published => Columns is null ? Table : $"{Table} ({Columns})";
    }
}
