using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Caching;

/// <summary>
/// One session of the checker: counters that only grow, so that every answer can be judged by what this session has
/// seen (never backwards, own writes included), by what anybody had been told before it asked (strict), and by what
/// stood there a while ago (bounded). On one thread.
/// </summary>
internal sealed class CheckedSession : IDisposable
{
    private const string Strict = "/* freshet: mode=strict */ ";
    private const string Bounded = "/* freshet: mode=bounded max_age=1 stale_while_revalidate=0 */ ";

    /// <summary>Age that a bounded read may have, and what a busy machine may add to it.</summary>
    private static readonly TimeSpan BoundedAge = TimeSpan.FromSeconds(4);

    private readonly CheckedCounters _counters;
    private readonly string _connectionString;
    private readonly Random _random;
    private readonly long[] _seen = new long[CheckedCounters.Keys + 1];
    private NpgsqlConnection _connection;
    private long _sum;

    public CheckedSession(string connectionString, CheckedCounters counters, int seed)
    {
        _connectionString = connectionString;
        _counters = counters;
        _random = new Random(seed);
        _connection = new NpgsqlConnection(connectionString);
    }

    public long Operations { get; private set; }

    /// <summary>Operations that an interruption of the test's own has ended.</summary>
    public long Interrupted { get; private set; }

    public void Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (_connection.State != System.Data.ConnectionState.Open)
                {
                    _connection.Dispose();
                    _connection = new NpgsqlConnection(_connectionString);
                    _connection.Open();
                }

                Step(_random.Next(1, CheckedCounters.Keys + 1), _random.Next(100));
                Operations++;
            }
            catch (NpgsqlException interruption) when (interruption is not PostgresException { SqlState: "XX000" })
            {
                Interrupted++;
                NpgsqlConnection.ClearAllPools();
            }
        }
    }

    public void Dispose() => _connection.Dispose();

    private void Step(int key, int choice)
    {
        switch (choice)
        {
            case < 8:
                Write(key);
                break;
            case < 10:
                WriteInTransaction(key);
                break;
            case < 11:
                Execute("update joint set v = v + 1");
                break;
            case < 12:
                Cascade(key);
                break;
            case < 55:
                Read(key);
                break;
            case < 65:
                ReadStrictly(key);
                break;
            case < 72:
                ReadBounded(key);
                break;
            case < 86:
                ReadSum();
                break;
            case < 93:
                ReadPair("select min(v), max(v) from joint");
                break;
            default:
                ReadPair("select (select count(*) from owner), (select count(*) from owned)");
                break;
        }
    }

    private void Write(int key)
    {
        long now = Scalar($"update counter set v = v + 1 where id = {key} returning v");
        See(key, now);
        _counters.Acknowledge(key, now);
    }

    private void WriteInTransaction(int key)
    {
        using NpgsqlTransaction transaction = _connection.BeginTransaction();
        long now = Scalar($"update counter set v = v + 1 where id = {key} returning v");
        Assert.Equal(now, Scalar($"select v from counter where id = {key}"));
        if (_random.Next(4) == 0)
        {
            transaction.Rollback();
            return;
        }

        transaction.Commit();
        See(key, now);
        _counters.Acknowledge(key, now);
    }

    private void Read(int key)
    {
        long now = _random.Next(3) switch
        {
            0 => Scalar($"select v from counter where id = {key}"),
            1 => Scalar("select v from counter where id = $1", key),
            _ => Scalar("select c.v from counter c join shadow s on s.id = c.id where c.id = $1", key),
        };
        See(key, now);
    }

    private void ReadStrictly(int key)
    {
        long before = _counters.Acknowledged(key);
        long now = Scalar(Strict + $"select v from counter where id = {key}");
        Assert.True(now >= before, $"strict: {now} for key {key} after {before} had been acknowledged");
        See(key, now);
    }

    /// <summary>Judged by age alone; what it showed says nothing of what the session may see next.</summary>
    private void ReadBounded(int key)
    {
        long then = _counters.AcknowledgedBefore(key, BoundedAge);
        long now = Scalar(Bounded + $"select v from counter where id = {key}");
        Assert.True(now >= then, $"bounded: {now} for key {key}, which was {then} already {BoundedAge} ago");
    }

    private void ReadSum()
    {
        long seen = _seen.Sum();
        long now = Scalar(_random.Next(2) == 0 ? "select sum(v)::bigint from counter" : "select total from total_view");
        Assert.True(now >= seen && now >= _sum, $"a sum of {now} after {_sum}, and parts that make {seen}");
        _sum = now;
    }

    /// <summary>A row with what it owns goes or comes: either table always has as many rows.</summary>
    private void Cascade(int key) =>
        Execute(
            _random.Next(2) == 0
                ? $"delete from owner where id = {key}"
                : $"with added as (insert into owner values ({key}) on conflict do nothing returning id) "
                    + "insert into owned select id from added");

    /// <summary>Two numbers that every commit leaves equal.</summary>
    private void ReadPair(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        using NpgsqlDataReader reader = command.ExecuteReader();
        Assert.True(reader.Read());
        Assert.Equal(reader.GetInt64(0), reader.GetInt64(1));
    }

    private void See(int key, long now)
    {
        Assert.True(now >= _seen[key], $"{now} for key {key} after this session had seen {_seen[key]}");
        _seen[key] = now;
    }

    private void Execute(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        command.ExecuteNonQuery();
    }

    private long Scalar(string sql, params int[] arguments)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        foreach (int argument in arguments)
        {
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = argument });
        }

        return (long)command.ExecuteScalar()!;
    }
}
