using System.Diagnostics;
using Freshet.Tests.Integration.Servers;
using Npgsql;
using Xunit;
using static Freshet.Tests.Integration.Clients.NpgsqlScenario;

namespace Freshet.Tests.Integration.Clients;

/// <summary>Npgsql: what concerns the session rather than the query.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class NpgsqlSessionTests(TestServers servers)
{
    private readonly ClientComparison _comparison = new(servers);

    public static TheoryData<Route> Routes => ClientComparison.Routes;

    [Theory, MemberData(nameof(Routes))]
    public Task Cancellation_by_token_and_by_timeout(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
                await using var command = new NpgsqlCommand("select pg_sleep(30)", connection);
                await scenario.PrintErrorAsync(async () =>
                {
                    using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
                    await command.ExecuteNonQueryAsync(soon.Token);
                });
                await scenario.PrintScalarAsync(connection, "select 'alive after the token'");
                command.CommandTimeout = 1;
                await scenario.PrintErrorAsync(() => command.ExecuteNonQueryAsync(Cancellation));
                await scenario.PrintScalarAsync(connection, "select 'alive after the timeout'");
                scenario.Print(connection.State);
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Notifications(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await using var listener = await scenario.Source.OpenConnectionAsync(Cancellation);
                var heard = new List<string>();
                listener.Notification += (_, news) => heard.Add($"{news.Channel} {news.Payload}");
                await scenario.PrintScalarAsync(listener, "listen news");
                await scenario.ExecuteAsync("notify news, 'one'");
                await scenario.ExecuteAsync("notify news, 'two'");
                var start = Stopwatch.GetTimestamp();
                while (heard.Count < 2 && Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10))
                {
                    await listener.WaitAsync(TimeSpan.FromSeconds(1), Cancellation);
                }

                scenario.Print([.. heard]);
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Reset_on_close_with_the_drivers_pool(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                for (var round = 0; round < 3; round++)
                {
                    await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
                    await scenario.PrintScalarAsync(connection, "show work_mem");
                    await scenario.PrintScalarAsync(connection, "select count(*) from pg_class where relname = 'kept'");
                    await scenario.PrintScalarAsync(connection, "set work_mem = '7MB'");
                    await scenario.PrintScalarAsync(connection, "create temp table kept(n int)");
                    await scenario.PrintScalarAsync(connection, "select pg_advisory_lock(3)::text");
                    await scenario.PrintScalarAsync(connection, "show work_mem");
                }
            },
            settings => settings.MaxPoolSize = 1
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Large_values_and_many_rows(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
                await using var large = new NpgsqlCommand("select length($1), $1 || $1", connection);
                large.Parameters.Add(new() { Value = new string('x', 4_000_000) });
                await using (var reader = await large.ExecuteReaderAsync(
                    System.Data.CommandBehavior.SequentialAccess, Cancellation))
                {
                    await reader.ReadAsync(Cancellation);
                    scenario.Print(reader.GetInt32(0));
                    scenario.Print(reader.GetString(1).Length);
                }

                await using var many = new NpgsqlCommand(
                    "select n, repeat('y', 500) from generate_series(1, 30000) n", connection);
                var sum = 0L;
                await using (var reader = await many.ExecuteReaderAsync(Cancellation))
                {
                    while (await reader.ReadAsync(Cancellation))
                    {
                        sum += reader.GetInt32(0) + reader.GetString(1).Length;
                    }
                }

                scenario.Print(sum);
                // A reader that is closed early: the driver reads the rest or cancels.
                await using (var reader = await many.ExecuteReaderAsync(Cancellation))
                {
                    await reader.ReadAsync(Cancellation);
                    scenario.Print(reader.GetInt32(0));
                }

                await scenario.PrintScalarAsync(connection, "select 'still in step'");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task More_clients_than_server_connections(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await scenario.ExecuteAsync("create table npg as select 0 as n");
                await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => CountAsync(scenario)));
                await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
                await scenario.PrintScalarAsync(connection, "select n from npg");
            },
            settings => settings.MaxPoolSize = 15
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_wrong_password_is_refused(Route route) =>
        _comparison.CompareAsync(
            route,
            scenario => scenario.PrintErrorAsync(() => scenario.ExecuteAsync("select 1")),
            settings => settings.Password = "wrong"
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Settings_of_the_connection_string(Route route) =>
        _comparison.CompareAsync(
            route,
            async scenario =>
            {
                await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
                foreach (var name in (string[])["search_path", "application_name", "TimeZone", "work_mem"])
                {
                    await scenario.PrintScalarAsync(connection, $"show {name}");
                }

                scenario.Print(connection.PostgreSqlVersion.Major, connection.Timezone);
            },
            settings =>
            {
                settings.SearchPath = "pg_catalog,public";
                settings.ApplicationName = "scenarios";
                settings.Timezone = "Asia/Tokyo";
                settings.Options = "-c work_mem=3MB";
            }
        );

    private static async Task CountAsync(NpgsqlScenario scenario)
    {
        await using var connection = await scenario.Source.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using var command = new NpgsqlCommand("update npg set n = n + 1", connection, transaction);
        await command.ExecuteNonQueryAsync(Cancellation);
        await transaction.CommitAsync(Cancellation);
    }
}
