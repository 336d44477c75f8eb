using System.Text.RegularExpressions;
using Freshet.Tests.Integration.Servers;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Clients;

/// <summary>pgbench in all its modes: nothing fails, and the database has what all transactions wrote.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class PgbenchTests(TestServers servers)
{
    private const int Transactions = 40;

    private static readonly Regex Processed = new(
        @"number of transactions actually processed: (?<count>\d+)/(?<wanted>\d+)",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        TimeSpan.FromSeconds(5)
    );

    public static TheoryData<Route, string, string, int> Runs
    {
        get
        {
            var runs = new TheoryData<Route, string, string, int>();
            foreach (var route in (Route[])[Route.Direct, Route.Session, Route.Transaction, Route.TwoServers])
            {
                foreach (var protocol in (string[])["simple", "extended", "prepared"])
                {
                    // In session mode every client needs a server of its own, and the pool has twenty.
                    runs.Add(route, protocol, "mixed.sql", route is Route.Transaction ? 100 : 16);
                }

                // A pipeline wants the extended protocol.
                runs.Add(route, "extended", "pipeline.sql", 16);
                runs.Add(route, "prepared", "pipeline.sql", 16);
            }

            return runs;
        }
    }

    [Theory, MemberData(nameof(Runs))]
    public async Task Every_transaction_is_done_once(Route route, string protocol, string script, int clients)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var connection = new NpgsqlConnection(
            servers.Postgres.ConnectionString(TestServers.AppDatabase));
        await connection.OpenAsync(cancellation);
        await ExecuteAsync(connection, "drop table if exists pgbench_pipeline");
        await ExecuteAsync(
            connection, "create table pgbench_pipeline as select id, 0 as n from generate_series(1, 10) id");
        await ExecuteAsync(connection, "grant all on pgbench_pipeline to app");

        var endpoint = await servers.AppAsync(route);
        var output = await ClientComparison.RunAsync(
            endpoint,
            [
                Path.Combine(servers.Postgres.BinDirectory, "pgbench"), "--no-vacuum", "-M", protocol,
                // A thread for each client: pgbench prepares with blocking calls, and a thread that waits in one for a
                // server connection would never end the transactions of its other clients.
                "-f", $"pgbench/{script}", "-c", $"{clients}", "-j", $"{clients}", "-t", $"{Transactions}",
            ]
        );

        var match = Processed.Match(output);
        Assert.True(match.Success, output);
        Assert.Equal($"{clients * Transactions}", match.Groups["count"].Value);
        Assert.DoesNotContain("error", output, StringComparison.OrdinalIgnoreCase);
        await using var sum = new NpgsqlCommand("select sum(n)::int from pgbench_pipeline", connection);
        Assert.Equal(clients * Transactions, (int)(await sum.ExecuteScalarAsync(cancellation))!);
        await ExecuteAsync(connection, "drop table pgbench_pipeline");
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
