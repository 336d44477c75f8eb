using System.Globalization;
using System.Text;
using Freshet.Tests.Integration.Servers;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Clients;

/// <summary>What a scenario of Npgsql gets: a data source with the driver's defaults and a place to print to.</summary>
internal sealed class NpgsqlScenario : IAsyncDisposable
{
    private readonly StringBuilder _output = new();

    public NpgsqlScenario(Endpoint endpoint, Action<NpgsqlConnectionStringBuilder>? change = null)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = endpoint.Host,
            Port = endpoint.Port,
            Database = endpoint.Database,
            Username = endpoint.User,
            Password = endpoint.Password,
            IncludeErrorDetail = true,
        };
        change?.Invoke(settings);
        Source = NpgsqlDataSource.Create(settings);
    }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public NpgsqlDataSource Source { get; }

    public string Output => _output.ToString();

    public void Print(params object?[] values)
    {
        var texts = values.Select(value =>
            value is Array array
                ? $"[{string.Join(", ", array.Cast<object?>())}]"
                : Convert.ToString(value, CultureInfo.InvariantCulture));
        _output.AppendJoin(' ', texts).Append('\n');
    }

    /// <summary>Runs what must fail and prints every field of the error.</summary>
    public async Task PrintErrorAsync(Func<Task> run)
    {
        try
        {
            await run();
            Print("no error");
        }
        catch (PostgresException error)
        {
            Print(
                "error", error.SqlState, error.Severity, error.MessageText, error.Detail, error.Hint, error.Position,
                error.InternalQuery, error.Where, error.SchemaName, error.TableName, error.ColumnName,
                error.ConstraintName);
        }
        catch (OperationCanceledException error)
        {
            Print("cancelled", (error.InnerException as PostgresException)?.SqlState);
        }
        catch (NpgsqlException error)
        {
            Print("failed", error.InnerException?.GetType().Name);
        }
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    public async Task PrintScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        Print(await command.ExecuteScalarAsync(Cancellation));
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
