using Freshet.Server.Demo;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Feed;

/// <summary>The server that the feed's tests share; each test has a database of its own in it.</summary>
public sealed class FeedPostgres : IAsyncLifetime
{
    private PrivatePostgres? _postgres;
    private int _databases;

    internal PrivatePostgres Postgres => _postgres ?? throw new InvalidOperationException("not started");

    public async ValueTask InitializeAsync()
    {
        _postgres = await PrivatePostgres.StartAsync(
            new PrivatePostgresOptions
            {
                HostBasedAuthentication = ["host all trusted 127.0.0.1/32 trust"],
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["wal_level"] = "logical",
                    ["max_prepared_transactions"] = "10",
                },
            },
            CancellationToken.None);
        await ExecuteAsync("postgres", "CREATE ROLE trusted LOGIN REPLICATION");
    }

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }
    }

    internal async Task<string> CreateDatabaseAsync()
    {
        string name = $"feed_{Interlocked.Increment(ref _databases)}";
        await Postgres.CreateDatabaseAsync(name, TestContext.Current.CancellationToken);
        return name;
    }

    /// <summary>Each statement by itself, as the superuser.</summary>
    internal async Task ExecuteAsync(string database, params string[] statements)
    {
        await using var connection = new NpgsqlConnection(Postgres.ConnectionString(database));
        await connection.OpenAsync();
        foreach (string sql in statements)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    internal async Task<string?> ReadAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(Postgres.ConnectionString(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (await command.ExecuteScalarAsync())?.ToString();
    }
}

/// <summary>The classes that share one <see cref="FeedPostgres"/>.</summary>
[CollectionDefinition(nameof(FeedPostgresCollection))]
#pragma warning disable CA1711 // xunit's own word for it
public sealed class FeedPostgresCollection : ICollectionFixture<FeedPostgres>;
#pragma warning restore CA1711
