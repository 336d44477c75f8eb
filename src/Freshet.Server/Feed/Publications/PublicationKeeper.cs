using System.Collections.Immutable;
using System.Globalization;
using Freshet.Core.Consistency;
using Freshet.Core.Sql;
using Npgsql;

namespace Freshet.Server.Feed.Publications;

/// <summary>
/// Looks at the publication and, where it may, brings it up to date: creates it, adds new tables, takes out those whose
/// writes it would break. All in one transaction under an advisory lock, so that several feeds of one publication
/// take turns. Belongs to whoever uses the connection.
/// </summary>
internal sealed class PublicationKeeper(FeedOptions options, int serverVersionNumber)
{
    /// <summary>Most tables that are looked at; those beyond are not tracked.</summary>
    internal const int MostTables = 100_000;

    /// <summary>Most failures of single tables before the rest is left for the next time.</summary>
    private const int MostFailures = 20;

    private readonly bool _usesLists =
        options.UsesColumnLists && serverVersionNumber >= PublicationSql.FirstWithColumnLists;

    /// <summary>Brings it up to date.</summary>
    /// <param name="connection">To the primary, no transaction open.</param>
    /// <param name="beforeRemoval">Told which tables will no longer be streamed, before that is so.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FeedException">There is no publication, and the role may not create one.</exception>
    public async Task<PublicationState> KeepAsync(
        NpgsqlConnection connection,
        Action<ImmutableArray<TableFacts>> beforeRemoval,
        CancellationToken cancellation)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(
            connection, "SET LOCAL synchronous_commit = local; SET LOCAL lock_timeout = '5s'", cancellation);
        await using (var turn = new NpgsqlCommand(
            "select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('freshet publication ' || $1, 0))",
            connection)
        { Parameters = { new() { Value = options.Publication } } })
        {
            await turn.ExecuteNonQueryAsync(cancellation);
        }

        PublicationFacts facts = await ReadOrCreateAsync(connection, cancellation);
        PublicationPlan plan = await DrawAsync(connection, facts, cancellation);
        var failures = new List<UntrackedTable>();
        if (!plan.Removals.IsEmpty)
        {
            beforeRemoval(plan.Removals);
            await ChangeAsync(
                connection,
                plan.Removals,
                tables => PublicationSql.Drop(options.Publication, tables),
                [],
                cancellation);
        }

        await ChangeAsync(
            connection,
            plan.Additions,
            tables => PublicationSql.Add(options.Publication, tables, _usesLists),
            failures,
            cancellation);
        if (!plan.Removals.IsEmpty || !plan.Additions.IsEmpty)
        {
            // As it is now: what could not be added is not in it.
            plan = await DrawAsync(connection, facts, cancellation);
        }

        await transaction.CommitAsync(cancellation);
        var missed = plan.Additions.Select(table => table.Id).ToHashSet();
        return new PublicationState(
            [.. plan.Tracked.Where(table => !missed.Contains(table.Id))],
            [.. failures, .. plan.Untracked],
            await NextTransactionAsync(connection, cancellation),
            facts.IsForAllTables,
            failures.Count > 0);
    }

    /// <summary>What the plan is drawn from, in one value that differs when it does.</summary>
    public async Task<string> ReadFingerprintAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(PublicationSql.Fingerprint(serverVersionNumber), connection)
        {
            Parameters = { new() { Value = options.Publication } },
        };
        return (string)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private async Task<PublicationPlan> DrawAsync(
        NpgsqlConnection connection, PublicationFacts facts, CancellationToken cancellation) =>
        PublicationPlan.Draw(
            facts, await ReadTablesAsync(connection, cancellation), options.ManagesPublication);

    private async Task<PublicationFacts> ReadOrCreateAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (await ReadAsync(connection, cancellation) is { } facts)
        {
            return facts;
        }

        string create = PublicationSql.Create(options.Publication);
        if (!options.ManagesPublication)
        {
            throw new FeedException(
                FeedFailure.Unavailable, $"there is no publication \"{options.Publication}\"",
                repair: create + " FOR TABLE …;");
        }

        try
        {
            await ExecuteAsync(connection, create, cancellation);
        }
        catch (PostgresException refusal) when (refusal.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            string database = SqlQuoting.Identifier(options.Server.Database);
            throw new FeedException(
                FeedFailure.Unavailable,
                $"there is no publication \"{options.Publication}\", and role {options.Server.User} may not create it",
                refusal.SqlState,
                $"GRANT CREATE ON DATABASE {database} TO {SqlQuoting.Identifier(options.Server.User)};");
        }

        return await ReadAsync(connection, cancellation)
            ?? throw new FeedException(FeedFailure.Lost, $"publication \"{options.Publication}\" was not created");
    }

    private async Task<PublicationFacts?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(PublicationSql.Facts, connection)
        {
            Parameters = { new() { Value = options.Publication } },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? new PublicationFacts(
                reader.GetBoolean(0), reader.GetBoolean(1), reader.GetBoolean(2), reader.GetBoolean(3))
            : null;
    }

    private async Task<List<TableFacts>> ReadTablesAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(PublicationSql.Tables(serverVersionNumber), connection)
        {
            Parameters = { new() { Value = options.Publication }, new() { Value = MostTables } },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        List<TableFacts> tables = [];
        while (await reader.ReadAsync(cancellation))
        {
            bool isPublished = reader.GetBoolean(10);
            tables.Add(new TableFacts
            {
                Id = new RelationId(reader.GetFieldValue<uint>(0)),
                Schema = reader.GetString(1),
                Name = reader.GetString(2),
                Kind = reader.GetChar(3),
                Persistence = reader.GetChar(4),
                Identity = reader.GetChar(5),
                IsPartition = reader.GetBoolean(6),
                IsOwned = reader.GetBoolean(7),
                Owner = reader.GetString(8),
                IdentityColumns = await NamesAsync(reader, 9, cancellation),
                Published = isPublished
                    ? new PublishedTable(
                        await NamesAsync(reader, 12, cancellation), reader.GetBoolean(13), reader.GetInt64(11))
                    : null,
            });
        }

        return tables;
    }

    private static async Task<ImmutableArray<string>> NamesAsync(
        NpgsqlDataReader reader, int column, CancellationToken cancellation) =>
        await reader.IsDBNullAsync(column, cancellation) ? [] : [.. reader.GetFieldValue<string[]>(column)];

    /// <summary>All at once; where that fails, one by one, so that a table that somebody holds locked, or that was
    /// dropped meanwhile, does not keep the others out.</summary>
    private static async Task ChangeAsync(
        NpgsqlConnection connection,
        ImmutableArray<TableFacts> tables,
        Func<IEnumerable<TableFacts>, string> statement,
        List<UntrackedTable> failures,
        CancellationToken cancellation)
    {
        if (tables.IsEmpty || await TryAsync(connection, statement(tables), cancellation) is null)
        {
            return;
        }

        await ExecuteAsync(connection, "SET LOCAL lock_timeout = '200ms'", cancellation);
        string? last = null;
        foreach (TableFacts table in tables)
        {
            string? failure = failures.Count < MostFailures
                ? await TryAsync(connection, statement([table]), cancellation)
                : last;
            if (failure is not null)
            {
                last = failure;
                failures.Add(new UntrackedTable(table.Id, table.QuotedName, $"cannot be published yet: {failure}"));
            }
        }
    }

    private static async Task<string?> TryAsync(
        NpgsqlConnection connection, string statement, CancellationToken cancellation)
    {
        await ExecuteAsync(connection, "SAVEPOINT change", cancellation);
        try
        {
            await ExecuteAsync(connection, statement, cancellation);
            return null;
        }
        catch (PostgresException refusal)
        {
            await ExecuteAsync(connection, "ROLLBACK TO SAVEPOINT change", cancellation);
            return refusal.MessageText;
        }
    }

    /// <summary>A transaction number that is taken when the publication is as it is now: whatever ran before has a
    /// lower one. (A snapshot's xmax would not do: it is the number behind the last one that has ended.)</summary>
    private static async Task<ulong> NextTransactionAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "select pg_catalog.pg_current_xact_id()::pg_catalog.text", connection);
        return ulong.Parse((string)(await command.ExecuteScalarAsync(cancellation))!, CultureInfo.InvariantCulture);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
