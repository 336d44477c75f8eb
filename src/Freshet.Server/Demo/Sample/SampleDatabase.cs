using System.Collections.Immutable;
using Npgsql;

namespace Freshet.Server.Demo.Sample;

/// <summary>The sample database: its applications, and how they are loaded into a server of ours.</summary>
internal static class SampleDatabase
{
    public const string Name = "demo";

    /// <summary>The applications' role: no superuser, whose reserved connections it would take. It owns its tables and
    /// may replicate, so that Freshet can follow their changes as it.</summary>
    public const string Role = "web";

    public static ImmutableArray<SampleApplication> Applications { get; } =
        [PitchMarketplace.Application, CustomerRelations.Application, LiveScores.Application];

    public static int Rows => Applications.Sum(application => application.Rows);

    // A number below n that follows from row i and column number k. hashint8 gives the same on every version: hash
    // partitions rely on it.
    private const string Prologue = """
        CREATE SCHEMA sample;
        CREATE FUNCTION sample.pick(i bigint, k int, n int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
            AS 'SELECT (pg_catalog.hashint8(i * 1000 + k) & 2147483647) % n';
        """;

    /// <summary>Creates database and role and fills the applications at the same time, one connection each.</summary>
    /// <param name="loaded">Told the rows of each application that is complete. Called from several threads.</param>
    public static async Task LoadAsync(
        PrivatePostgres server, string rolePassword, Action<int> loaded, CancellationToken cancellationToken)
    {
        await server.CreateDatabaseAsync(Name, cancellationToken);
        await RunAsync(server, Prologue, cancellationToken);
        await Task.WhenAll(Applications.Select(async application =>
        {
            await RunAsync(server, application.Tables, cancellationToken);
            await RunAsync(server, application.Fill, cancellationToken);
            await RunAsync(server, application.Keys, cancellationToken);
            loaded(application.Rows);
        }));
        await RunAsync(
            server,
            $"""
            CREATE ROLE {Role} LOGIN REPLICATION PASSWORD '{rolePassword}';
            GRANT CREATE ON DATABASE {Name} TO {Role};
            GRANT USAGE ON SCHEMA pitch, crm, scores TO {Role};
            GRANT USAGE ON ALL SEQUENCES IN SCHEMA pitch, crm, scores TO {Role};
            DO $$
            DECLARE t regclass;
            BEGIN
              FOR t IN SELECT c.oid FROM pg_catalog.pg_class c
                       WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text IN ('pitch', 'crm', 'scores') LOOP
                EXECUTE pg_catalog.format('ALTER TABLE %s OWNER TO {Role}', t);
              END LOOP;
            END $$;
            """,
            cancellationToken);
    }

    private static async Task RunAsync(PrivatePostgres server, string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString(Name));
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
