using System.Diagnostics;
using System.Runtime.InteropServices;
using Freshet.Core.Consistency;
using Npgsql;

namespace Freshet.Server.Feed;

/// <summary>
/// Asks the primary for its snapshot and insert LSN, for whoever waits at that moment: urgent wishes at once but no
/// closer than <see cref="ShortestPause"/>, others gathered for <see cref="GatheringTime"/>, and a heartbeat without
/// any
/// wish. When the stream has not come as far as the answer says, it is asked for a keepalive; when that does not help,
/// because what was written is not flushed and no commit follows it, a message of our own is committed. On a thread of
/// its own; any thread may wake it.
/// </summary>
internal sealed unsafe class Pulse : IDisposable
{
    private const string Sql =
        "SELECT pg_catalog.pg_current_snapshot()::text, pg_catalog.pg_current_wal_insert_lsn()::text, "
        + "pg_catalog.pg_is_in_recovery()";

    /// <summary>Transactional, so that its commit flushes all that was written before it; local, so that a standby that
    /// hangs does not hang us.</summary>
    private const string FlushSql = "SELECT pg_catalog.pg_logical_emit_message(true, 'freshet.flush', '')";

    private static readonly long ShortestPause = Stopwatch.Frequency / 2000;
    private static readonly long GatheringTime = Stopwatch.Frequency / 200;

    /// <summary>How long a keepalive may take before unflushed log is taken for the reason.</summary>
    private static readonly long FlushPatience = Stopwatch.Frequency / 500;

    private readonly Freshness _freshness;
    private readonly NpgsqlConnection _connection;
    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly long _heartbeat;
    private long _lastBegun;
    private Lsn _wanted;
    private Lsn _flushedFor;
    private volatile bool _stopped;

    public Pulse(Freshness freshness, NpgsqlConnection connection, TimeSpan heartbeat)
    {
        _freshness = freshness;
        _connection = connection;
        _heartbeat = (long)(heartbeat.TotalSeconds * Stopwatch.Frequency);
        freshness.Pulses.Wake = () => _wake.Set();
    }

    /// <summary>Called after a pulse whose position the stream has not reached: asks for a keepalive.</summary>
    public Action? StreamIsBehind { get; set; }

    /// <summary>Called with what each pulse saw.</summary>
    public Action<VisibilitySnapshot>? Seen { get; set; }

    /// <summary>Runs until <see cref="Stop"/>, or until the connection fails.</summary>
    public void Run()
    {
        Execute("SET synchronous_commit = local");
        while (!_stopped)
        {
            if (Wait())
            {
                Beat();
            }
            else if (IsStuck())
            {
                _flushedFor = _wanted;
                Execute(FlushSql);
            }
        }
    }

    public void Stop()
    {
        _stopped = true;
        _wake.Set();
    }

    public void Dispose()
    {
        _freshness.Pulses.Wake = null;
        _wake.Dispose();
    }

    /// <summary>True when a pulse is due.</summary>
    private bool Wait()
    {
        PulseBook book = _freshness.Pulses;
        long since = Stopwatch.GetTimestamp() - _lastBegun;
        long pause = book.IsUrgent ? ShortestPause : book.IsWanted ? GatheringTime : _heartbeat;
        if (since >= pause)
        {
            return true;
        }

        long left = pause - since;
        if (left <= ShortestPause)
        {
            Rest(left);
            return book.IsUrgent;
        }

        bool behind = _wanted > _freshness.Position && _wanted != _flushedFor;
        long milliseconds = Math.Max(1, left * 1000 / Stopwatch.Frequency);
        _wake.WaitOne((int)Math.Min(milliseconds, behind ? 2 : milliseconds));
        return false;
    }

    private void Beat()
    {
        PulseBook book = _freshness.Pulses;
        _lastBegun = Stopwatch.GetTimestamp();
        long number = book.Begin(out long epoch);
        using var command = new NpgsqlCommand(Sql, _connection);
        using NpgsqlDataReader reader = command.ExecuteReader();
        reader.Read();
        VisibilitySnapshot snapshot = VisibilitySnapshot.Parse(reader.GetString(0));
        if (reader.GetBoolean(2) || !Lsn.TryParse(reader.GetString(1), out Lsn position))
        {
            throw new FeedException("the server is no longer a primary");
        }

        book.End(number, epoch, position, snapshot);
        _wanted = position;
        if (position > _freshness.Position)
        {
            StreamIsBehind?.Invoke();
        }

        Seen?.Invoke(snapshot);
    }

    private bool IsStuck()
    {
        bool patient = Stopwatch.GetTimestamp() - _lastBegun <= FlushPatience;
        return _wanted > _freshness.Position && _wanted != _flushedFor && !patient;
    }

    private void Execute(string sql)
    {
        using var command = new NpgsqlCommand(sql, _connection);
        command.ExecuteNonQuery();
    }

    /// <summary>Sleeps for less than the millisecond that waits are measured in.</summary>
    private static void Rest(long ticks)
    {
        long* duration = stackalloc long[2];
        duration[0] = 0;
        duration[1] = ticks * 1_000_000_000 / Stopwatch.Frequency;
        _ = nanosleep(duration, null);
    }

    [DllImport("libc")]
    private static extern int nanosleep(long* duration, long* left);
}
