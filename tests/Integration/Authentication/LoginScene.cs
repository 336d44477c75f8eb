using Freshet.Tests.Integration.Servers;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Authentication;

/// <summary>A freshet process of one test in front of the secured server, and the clients that log in to it.</summary>
internal sealed class LoginScene : IAsyncDisposable
{
    private readonly SecuredServer _server;

    private LoginScene(SecuredServer server, FreshetProcess proxy)
    {
        _server = server;
        Proxy = proxy;
    }

    public FreshetProcess Proxy { get; }

    public static async Task<LoginScene> StartAsync(SecuredServer server, string configuration) =>
        new(server, await server.StartProxyAsync(configuration));

    /// <summary>Logs in with psql and asks something, by default whom the server takes it for.</summary>
    public Task<Psql> PsqlAsync(
        string user, string? password, string command = "select current_user", string more = "", string? host = null)
    {
        var connection = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = host ?? "127.0.0.1",
            ["port"] = $"{Proxy.Port}",
            ["dbname"] = SecuredServer.Database,
            ["user"] = user,
        };
        if (password is not null)
        {
            connection["password"] = password;
        }

        foreach (var pair in more.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            connection[pair[..pair.IndexOf('=', StringComparison.Ordinal)]] =
                pair[(pair.IndexOf('=', StringComparison.Ordinal) + 1)..];
        }

        return Psql.RunAsync(_server.Postgres, connection, command);
    }

    /// <summary>As <see cref="PsqlAsync"/> with Npgsql.</summary>
    public async Task<string?> NpgsqlAsync(
        string user, string password, Action<NpgsqlConnectionStringBuilder>? change = null)
    {
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = Proxy.Port,
            Database = SecuredServer.Database,
            Username = user,
            Password = password,
            Pooling = false,
        };
        change?.Invoke(builder);
        await using var connection = new NpgsqlConnection(builder.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand("select current_user", connection);
        return (string?)await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => Proxy.DisposeAsync();
}
