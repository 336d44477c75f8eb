using Freshet.Tests.Integration.Servers;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Clients;

/// <summary>Compares what a real client printed direct with what it printed through the proxy.</summary>
/// <param name="servers">The shared servers.</param>
internal sealed class ClientComparison(TestServers servers)
{
    /// <summary>The routes that every client takes, besides the direct one.</summary>
    public static TheoryData<Route> Routes => [Route.Session, Route.Transaction, Route.TwoServers, Route.Cached];

    public async Task CompareAsync(string client, Route route, Func<Endpoint, Task<string>> run)
    {
        await CleanAsync();
        var direct = Lines(await run(await servers.AppAsync(Route.Direct)));
        await CleanAsync();
        var routed = Lines(await run(await servers.AppAsync(route)));

        Assert.NotEmpty(direct);
        var accepted = AcceptedDifferences.For(route, client);
        for (var index = 0; index < Math.Max(direct.Length, routed.Length); index++)
        {
            var expected = direct.ElementAtOrDefault(index);
            var actual = routed.ElementAtOrDefault(index);
            if (!string.Equals(expected, actual, StringComparison.Ordinal) && !accepted.Take(expected, actual))
            {
                var before = string.Join("\n    ", direct.Take(index).TakeLast(6));
                var after = string.Join("\n    ", routed.Skip(index + 1).Take(6));
                Assert.Fail(
                    $"line {index + 1} differs after\n    {before}\n direct {expected}\n routed {actual}\n    {after}");
            }
        }

        Assert.Empty(accepted.Unused);
    }

    /// <summary>As above, for a scenario of Npgsql, with its defaults unless they are changed.</summary>
    public Task CompareAsync(
        Route route,
        Func<NpgsqlScenario, Task> run,
        Action<NpgsqlConnectionStringBuilder>? change = null
    ) =>
        CompareAsync(
            "Npgsql",
            route,
            async endpoint =>
            {
                await using var scenario = new NpgsqlScenario(endpoint, change);
                await run(scenario);
                return scenario.Output;
            }
        );

    /// <summary>Runs a program with libpq's environment variables; gives what it printed. A program that fails fails
    /// the test.</summary>
    public static async Task<string> RunAsync(Endpoint endpoint, IReadOnlyList<string> command, string? input = null)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PGHOST"] = endpoint.Host,
            ["PGPORT"] = $"{endpoint.Port}",
            ["PGUSER"] = endpoint.User,
            ["PGPASSWORD"] = endpoint.Password,
            ["PGDATABASE"] = endpoint.Database,
            ["LC_ALL"] = "C.UTF-8",
        };
        await using var child = ChildProcess.Start(command, environment, Folder);
        await child.WriteInputAsync(input ?? "", TestContext.Current.CancellationToken);
        var code = await child.WaitForExitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
        Assert.True(code is 0, $"{command[0]} ended with {code}:\n{child.StandardOutput}\n{child.StandardError}");
        return child.StandardOutput + child.StandardError;
    }

    /// <summary>The folder of the scripts, in the build's output; for node, in the sources (its packages are there).
    /// </summary>
    internal static string Folder => Path.Combine(AppContext.BaseDirectory, "Clients");

    /// <summary>What a run that failed has left behind must not make the next one fail too.</summary>
    private async Task CleanAsync()
    {
        await using var connection = new NpgsqlConnection(servers.Postgres.ConnectionString(TestServers.AppDatabase));
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText =
            "set lock_timeout = '5s'; drop schema public cascade; create schema public authorization pg_database_owner";
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    private static string[] Lines(string output) => output.TrimEnd('\n').Split('\n');
}
