using System.Diagnostics;
using Freshet.Bench.Load.Report;
using Freshet.Bench.Load.Rig;
using Npgsql;

namespace Freshet.Bench.Load.Cache;

/// <summary>How long after a commit at the database the cache still serves the row as it was before, while others
/// commit.</summary>
internal static class Visibility
{
    private const int Probes = 300;

    /// <returns>Milliseconds from the server's word that the commit is done to the last old answer; sorted. 0: there
    /// was
    /// none.</returns>
    public static async Task<double[]> MeasureAsync(BenchRig rig, Party cached, CancellationToken cancellationToken)
    {
        var writes = rig.Folder.Combine("background.sql");
        await File.WriteAllTextAsync(
            writes,
            "\\set id random(2, 100000)\nUPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :id;\n",
            cancellationToken);
        await using var background = ChildProcess.Start(
            "pgbench",
            [rig.Database.PgBench, "-n", "-M", "prepared", "-c", "4", "-R", "1000", "-T", "60", "-f", writes],
            rig.Database.ClientEnvironment(rig.Database.Port, tls: false), rig.Folder.Path);
        await using var writer = await OpenAsync(rig, rig.Database.Port, cancellationToken);
        await using var reader = await OpenAsync(rig, cached.Port, cancellationToken);
        var delays = new List<double>();
        for (var probe = 0; probe < Probes; probe++)
        {
            for (var warm = 0; warm < 5; warm++)
                await ReadAsync(reader, cancellationToken);
            await using var update = new NpgsqlCommand(
                "UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 1 RETURNING abalance", writer);
            var now = (int)(await update.ExecuteScalarAsync(cancellationToken))!;
            var committed = Stopwatch.GetTimestamp();
            double last = 0;
            while (await ReadAsync(reader, cancellationToken) != now)
                last = Stopwatch.GetElapsedTime(committed).TotalMilliseconds;
            delays.Add(last);
        }

        delays.Sort();
        return [.. delays];
    }

    private static async Task<int> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT abalance FROM pgbench_accounts WHERE aid = 1", connection);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<NpgsqlConnection> OpenAsync(BenchRig rig, int port, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(
            $"Host=127.0.0.1;Port={port};Username={rig.Database.User};Password={rig.Database.Password};"
            + $"Database={rig.Database.Name};SSL Mode=Disable;Pooling=false;No Reset On Close=true");
        await connection.OpenAsync(cancellationToken);
        return connection;
    }
}
