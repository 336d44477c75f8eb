using System.Diagnostics;
using Freshet.Core.Consistency;
using Npgsql;

namespace Freshet.Server.Feed;

/// <summary>
/// Follows one database: publication, temporary slot, stream, pulses. Two threads, one that receives the stream and
/// decides everything, one that pulses. A run goes from <em>starting</em> (connect, complete the publication, make the
/// slot) over <em>open</em> (commits are noted; transactions older than the slot are waited for) to <em>live</em>, and
/// ends
/// with any failure: then <see cref="Freshness.Break"/>, a pause that doubles, and a new run with a new epoch.
/// </summary>
internal sealed class Feed : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>Between tries when the server or the role does not allow it.</summary>
    private static readonly TimeSpan PermanentPause = TimeSpan.FromMinutes(1);

    private readonly FeedTarget _target;
    private readonly Freshness _freshness;
    private readonly PublicationKeeper _publication;
    private readonly TimeSpan _heartbeat;
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _pause = new(initialState: false);
    private readonly List<(HashSet<uint> Tables, ulong Before)> _waiting = [];
    private ReplicationStream? _stream;
    private Pulse? _pulse;
    private StreamDecoder? _decoder;
    private HashSet<uint> _published = [];
    private volatile FeedState _state = FeedState.Starting;
    private volatile string _reason = "it has not connected yet";
    private volatile bool _stopped;
    private volatile bool _tablesChanged;
    private long _runs;
    private long _commitsBefore;

    public Feed(FeedTarget target, Freshness freshness, string publication, TimeSpan maxStaleness)
    {
        _target = target;
        _freshness = freshness;
        _publication = new PublicationKeeper(publication);
        _heartbeat = maxStaleness / 4;
        _thread = new Thread(Run) { IsBackground = true, Name = "freshet-feed" };
    }

    /// <summary>Called on the feed's thread when its state changes.</summary>
    public Action<FeedState, string>? StateChanged { get; set; }

    public FeedStatus Status =>
        new(
            $"{_target.Host}:{_target.Port}", _target.Database, _state, _state == FeedState.Live ? "" : _reason,
            _freshness.Epoch, _freshness.Position,
            _freshness.IsLive
                ? Stopwatch.GetElapsedTime(_freshness.Pulses.CaughtUpAt).TotalSeconds
                : double.PositiveInfinity,
            _freshness.Pulses.Done, _commitsBefore + (_decoder?.Commits ?? 0), Math.Max(0, _runs - 1),
            _published.Count);

    public void Start() => _thread.Start();

    /// <summary>Tables may have come or gone: the publication is looked at again. From any thread.</summary>
    public void TablesChanged() => _tablesChanged = true;

    public void Dispose()
    {
        _stopped = true;
        lock (_lock)
        {
            _stream?.Dispose();
            _pulse?.Stop();
        }

        _pause.Set();
        if (_thread.IsAlive)
        {
            _thread.Join(TimeSpan.FromSeconds(5));
        }

        _pause.Dispose();
    }

    private void Run()
    {
        TimeSpan pause = FirstPause;
        while (!_stopped)
        {
            long began = Stopwatch.GetTimestamp();
            try
            {
                _runs++;
                RunOnce();
            }
            catch (Exception failure) when (IsExpected(failure))
            {
                bool permanent = failure is FeedException { IsPermanent: true }
                    or PostgresException { SqlState: "28000" or "28P01" or "42501" };
                _reason = failure.Message;
                Tell(permanent ? FeedState.Unavailable : FeedState.Broken);
                pause = permanent ? PermanentPause
                    : Stopwatch.GetElapsedTime(began) > LongestPause ? FirstPause : pause * 2;
            }
            finally
            {
                _freshness.Break();
                _commitsBefore += _decoder?.Commits ?? 0;
                _decoder = null;
                _published = [];
                _waiting.Clear();
            }

            TimeSpan limited = pause > LongestPause && pause != PermanentPause ? LongestPause : pause;
            _pause.WaitOne(limited * (0.75 + (Random.Shared.NextDouble() / 2)));
            pause = pause == PermanentPause ? FirstPause : limited;
        }
    }

    private void RunOnce()
    {
        using var connection = new NpgsqlConnection(_target.ConnectionString());
        connection.Open();
        CheckServer(connection);
        HashSet<uint> tables = _publication.Keep(connection);
        using ReplicationStream stream = ReplicationStream.Open(_target, Hold);
        _freshness.Open(stream.Start);
        stream.Confirm(stream.Start);
        stream.Begin(_publication.Name);
        Expect(connection, tables);
        using var control = new NpgsqlConnection(_target.ConnectionString());
        control.Open();
        using var pulse = new Pulse(_freshness, connection, _heartbeat)
        {
            StreamIsBehind = stream.RequestReply,
            Seen = snapshot => OnSeen(snapshot, control),
        };
        lock (_lock)
        {
            _pulse = pulse;
        }

        Exception? ofPulse = null;
        var thread = new Thread(() => ofPulse = RunPulse(pulse, stream))
        {
            IsBackground = true,
            Name = "freshet-pulse",
        };
        thread.Start();
        try
        {
            Receive(stream);
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            pulse.Stop();
            thread.Join();
            throw ofPulse ?? failure;
        }
        finally
        {
            lock (_lock)
            {
                _pulse = null;
                _stream = null;
            }

            pulse.Stop();
            thread.Join();
        }
    }

    private void Hold(ReplicationStream stream)
    {
        lock (_lock)
        {
            _stream = stream;
        }

        if (_stopped)
        {
            throw new FeedException("it was stopped");
        }
    }

    private static Exception? RunPulse(Pulse pulse, ReplicationStream stream)
    {
        try
        {
            pulse.Run();
            return null;
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            stream.Dispose(); // ends the other thread's wait
            return failure;
        }
    }

    private void Receive(ReplicationStream stream)
    {
        var decoder = new StreamDecoder(_freshness);
        _decoder = decoder;
        long told = Stopwatch.GetTimestamp();
        while (!_stopped)
        {
            ReadOnlySpan<byte> message = stream.Receive(out Lsn position);
            if (message.IsEmpty)
            {
                _freshness.Advance(position);
            }
            else
            {
                decoder.Read(message);
            }

            stream.Confirm(_freshness.Position);
            if (Stopwatch.GetElapsedTime(told) > TimeSpan.FromSeconds(1))
            {
                told = Stopwatch.GetTimestamp();
                stream.SendStatus(replyRequested: false);
            }
        }
    }

    /// <summary>On the pulse's thread: whoever was running when a table came into the stream has ended.</summary>
    private void OnSeen(VisibilitySnapshot snapshot, NpgsqlConnection control)
    {
        if (_tablesChanged)
        {
            _tablesChanged = false;
            try
            {
                Expect(control, _publication.Keep(control));
            }
            catch (PostgresException locked) when (locked.SqlState is PostgresErrorCodes.LockNotAvailable)
            {
                _tablesChanged = true; // with the next pulse
            }
        }

        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            if (snapshot.Oldest >= _waiting[i].Before)
            {
                foreach (uint table in _waiting[i].Tables)
                {
                    _freshness.Track(new RelationId(table));
                }

                _waiting.RemoveAt(i);
                if (!_freshness.IsLive)
                {
                    _freshness.GoLive();
                    Tell(FeedState.Live);
                }
            }
        }
    }

    /// <summary>The tables are streamed from now on; they are tracked once every transaction that runs now has ended.
    /// </summary>
    private void Expect(NpgsqlConnection connection, HashSet<uint> tables)
    {
        foreach (uint gone in _published.Except(tables))
        {
            _freshness.Untrack(new RelationId(gone));
        }

        HashSet<uint> added = [.. tables.Except(_published)];
        _published = tables;
        using var command = new NpgsqlCommand("SELECT pg_catalog.pg_current_snapshot()::text", connection);
        ulong next = VisibilitySnapshot.Parse((string)command.ExecuteScalar()!).Next;
        _waiting.Add((added, next));
    }

    private static void CheckServer(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(
            "SELECT pg_catalog.current_setting('wal_level'), pg_catalog.pg_is_in_recovery(), "
            + "r.rolreplication OR r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user",
            connection);
        using NpgsqlDataReader reader = command.ExecuteReader();
        reader.Read();
        if (reader.GetString(0) is not "logical")
        {
            throw new FeedException(
                $"wal_level is {reader.GetString(0)}: ALTER SYSTEM SET wal_level = 'logical', and restart the server",
                isPermanent: true);
        }

        if (reader.GetBoolean(1))
        {
            throw new FeedException("the server is a standby");
        }

        if (!reader.GetBoolean(2))
        {
            throw new FeedException(
                "the role may not replicate: ALTER ROLE … REPLICATION (as a superuser)", isPermanent: true);
        }
    }

    private void Tell(FeedState state)
    {
        _state = state;
        StateChanged?.Invoke(state, _reason);
    }

    /// <summary>What a server, a network or an end can bring; anything else is a defect and ends the process's feed
    /// loudly.</summary>
    private static bool IsExpected(Exception failure) =>
        failure is FeedException or NpgsqlException or IOException or System.Net.Sockets.SocketException
            or ObjectDisposedException or TimeoutException or System.Security.Authentication.AuthenticationException
            or InvalidOperationException or System.Security.Cryptography.CryptographicException;
}
