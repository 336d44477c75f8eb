using Freshet.Server.Demo.Sample;
using Npgsql;

namespace Freshet.Server.Demo;

/// <summary>Looks ten times a second at how many server connections the applications' role holds, and keeps the
/// highest number since <see cref="StartAgain"/>. It asks over one connection of its own as the superuser, which
/// PostgreSQL lets in even when all ordinary places are taken.</summary>
internal sealed class ServerConnectionWatch : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly NpgsqlConnection connection;
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;
    private int peak;

    private ServerConnectionWatch(NpgsqlConnection connection)
    {
        this.connection = connection;
        loop = WatchAsync();
    }

    public int Peak => Volatile.Read(ref peak);

    public static async Task<ServerConnectionWatch> StartAsync(
        PrivatePostgres server, CancellationToken cancellationToken)
    {
        var link = new NpgsqlConnection(server.ConnectionString("postgres"));
        await link.OpenAsync(cancellationToken);
        return new ServerConnectionWatch(link);
    }

    public void StartAgain() => Volatile.Write(ref peak, 0);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await loop;
        await connection.DisposeAsync();
        stop.Dispose();
    }

    private async Task WatchAsync()
    {
        await using var command = new NpgsqlCommand(
            "SELECT count(*)::int FROM pg_catalog.pg_stat_activity WHERE usename = $1", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = SampleDatabase.Role });
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stop.Token))
            {
                var count = (int)(await command.ExecuteScalarAsync(stop.Token))!;
                Volatile.Write(ref peak, int.Max(count, Volatile.Read(ref peak)));
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }
}
