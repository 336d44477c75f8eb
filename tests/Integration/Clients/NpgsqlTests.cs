using System.Data;
using Freshet.Tests.Integration.Servers;
using Npgsql;
using NpgsqlTypes;
using Xunit;
using static Freshet.Tests.Integration.Clients.NpgsqlScenario;

namespace Freshet.Tests.Integration.Clients;

/// <summary>Npgsql with its defaults, direct and through the proxy.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class NpgsqlTests(TestServers servers)
{
    private readonly ClientComparison _comparison = new(servers);

    public static TheoryData<Route> Routes => ClientComparison.Routes;

    [Theory, MemberData(nameof(Routes))]
    public Task Parameters_types_and_errors(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
                await using var command = new NpgsqlCommand(
                    "select $1::int, $2::text, $3::int[], $4::numeric, $5::bytea, $6::timestamptz", connection);
                command.Parameters.Add(new() { Value = 42 });
                command.Parameters.Add(new() { Value = "žluť 🐎" });
                command.Parameters.Add(new() { Value = (int[])[1, 2, 3] });
                command.Parameters.Add(new() { Value = 123.4567890123456789m });
                command.Parameters.Add(new() { Value = (byte[])[0, 1, 255] });
                command.Parameters.Add(new() { Value = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc) });
                await using (var reader = await command.ExecuteReaderAsync(Cancellation))
                {
                    await reader.ReadAsync(Cancellation);
                    scenario.Print([.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetValue)]);
                }

                await scenario.ExecuteAsync("create table npg(id int primary key check (id > 0), t text not null)");
                foreach (var sql in (string[])
                    [
                        "insert into npg values (0, 'x')", "insert into npg(id) values (1)", "select nonsense",
                        "insert into npg values (1, 'a'), (1, 'b')", "select 1/0", "do $$ begin perform 1/0; end $$",
                        "do $$ begin raise 'm' using detail = 'd', hint = 'h', table = 't', errcode = 'P0042'; end $$",
                    ])
                {
                    await scenario.PrintErrorAsync(() => scenario.ExecuteAsync(sql));
                }
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Explicitly_prepared_statements(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await scenario.ExecuteAsync("create table npg as select n, 'r' || n as t from generate_series(1, 9) n");
                for (var round = 0; round < 3; round++)
                {
                    await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
                    await using var command = new NpgsqlCommand("select t from npg where n = $1", connection);
                    var parameter = new NpgsqlParameter<int> { TypedValue = round };
                    command.Parameters.Add(parameter);
                    await command.PrepareAsync(Cancellation);
                    for (parameter.TypedValue = 1; parameter.TypedValue < 5; parameter.TypedValue++)
                    {
                        scenario.Print(await command.ExecuteScalarAsync(Cancellation));
                    }

                    await command.UnprepareAsync(Cancellation);
                    parameter.TypedValue = 9;
                    scenario.Print(await command.ExecuteScalarAsync(Cancellation));
                }
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Automatically_prepared_statements(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
                for (var round = 0; round < 60; round++)
                {
                    await using var command = new NpgsqlCommand($"select $1 + {round % 15}", connection);
                    command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = round });
                    scenario.Print(await command.ExecuteScalarAsync(Cancellation));
                }
            },
            // Fewer places than statements: the driver closes and prepares all the time.
            settings => (settings.MaxAutoPrepare, settings.AutoPrepareMinUsages) = (10, 2)
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Batches_and_an_error_in_their_middle(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await scenario.ExecuteAsync("create table npg(n int primary key)");
                await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
                foreach (var withBarriers in (bool[])[false, true])
                {
                    await using var batch = new NpgsqlBatch(connection) { EnableErrorBarriers = withBarriers };
                    foreach (var sql in (string[])
                        [
                            "insert into npg values (1)", "select 10", "insert into npg values (1)",
                            "insert into npg values (2)", "select 20",
                        ])
                    {
                        batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
                    }

                    await scenario.PrintErrorAsync(() => batch.ExecuteNonQueryAsync(Cancellation));
                    await scenario.PrintScalarAsync(connection, "select string_agg(n::text, ' ' order by n) from npg");
                    await batch.PrepareAsync(Cancellation);
                    await scenario.PrintErrorAsync(() => batch.ExecuteNonQueryAsync(Cancellation));
                    await scenario.PrintScalarAsync(connection, "select count(*) from npg");
                }
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Multiplexing(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await scenario.ExecuteAsync("create table npg as select n from generate_series(1, 1000) n");
                var answers = await Task.WhenAll(Enumerable.Range(1, 500).Select(AskAsync));
                scenario.Print(answers.Sum(), answers[0], answers[^1]);
                await scenario.PrintErrorAsync(() => scenario.ExecuteAsync("select 1/0"));
                scenario.Print(await AskAsync(7));

                async Task<int> AskAsync(int number)
                {
                    await using var command = scenario.Source.CreateCommand("select n from npg where n = $1");
                    command.Parameters.Add(new() { Value = number });
                    return (int)(await command.ExecuteScalarAsync(Cancellation))!;
                }
            },
            settings => (settings.Multiplexing, settings.MaxPoolSize) = (true, 4)
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Copy_text_and_binary_in_and_out(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await scenario.ExecuteAsync("create table npg(n int, t text)");
                await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
                await using (var import = await connection.BeginBinaryImportAsync(
                    "copy npg from stdin (format binary)", Cancellation))
                {
                    for (var n = 0; n < 5000; n++)
                    {
                        await import.StartRowAsync(Cancellation);
                        await import.WriteAsync(n, NpgsqlDbType.Integer, Cancellation);
                        await import.WriteAsync($"row {n}", NpgsqlDbType.Text, Cancellation);
                    }

                    scenario.Print(await import.CompleteAsync(Cancellation));
                }

                await using (var writer = await connection.BeginTextImportAsync("copy npg from stdin", Cancellation))
                {
                    await writer.WriteAsync("-1\ttext\n-2\t\\N\n");
                }

                await using (await connection.BeginBinaryImportAsync(
                    "copy npg from stdin (format binary)", Cancellation))
                {
                    // Disposed without Complete: the driver sends CopyFail.
                }

                using (var reader = await connection.BeginTextExportAsync("copy npg to stdout csv", Cancellation))
                {
                    scenario.Print((await reader.ReadToEndAsync(Cancellation)).Length);
                }

                await using (var export = await connection.BeginBinaryExportAsync(
                    "copy (select n from npg order by n) to stdout (format binary)", Cancellation))
                {
                    var sum = 0L;
                    while (await export.StartRowAsync(Cancellation) >= 0)
                    {
                        sum += await export.ReadAsync<int>(NpgsqlDbType.Integer, Cancellation);
                    }

                    scenario.Print(sum);
                }

                await scenario.PrintErrorAsync(() => BadImportAsync(connection));
                await scenario.PrintScalarAsync(connection, "select count(*) from npg");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Transactions_with_savepoints(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await scenario.ExecuteAsync("create table npg(n int primary key)");
                await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
                await using (var transaction = await connection.BeginTransactionAsync(Cancellation))
                {
                    await scenario.PrintScalarAsync(connection, "insert into npg values (1) returning n");
                    await transaction.SaveAsync("a", Cancellation);
                    await scenario.PrintErrorAsync(() => InsertAsync(connection, 1));
                    await transaction.RollbackAsync("a", Cancellation);
                    await InsertAsync(connection, 2);
                    await transaction.ReleaseAsync("a", Cancellation);
                    await transaction.CommitAsync(Cancellation);
                }

                await using (await connection.BeginTransactionAsync(IsolationLevel.Serializable, Cancellation))
                {
                    await InsertAsync(connection, 3);
                    await scenario.PrintScalarAsync(connection, "show transaction_isolation");
                }

                await scenario.PrintScalarAsync(connection, "select string_agg(n::text, ' ' order by n) from npg");
            }
        );

    private static async Task InsertAsync(NpgsqlConnection connection, int value)
    {
        await using var command = new NpgsqlCommand("insert into npg values ($1)", connection);
        command.Parameters.Add(new() { Value = value });
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private static async Task BadImportAsync(NpgsqlConnection connection)
    {
        await using var writer = await connection.BeginTextImportAsync("copy npg from stdin", Cancellation);
        await writer.WriteAsync("not a number\tx\n");
    }
}
