using Freshet.Core.Consistency;
using Freshet.Server.Feed.Pulse;
using Freshet.Server.Feed.Replication;
using Freshet.Server.Feed.Schema;

namespace Freshet.Server.Feed;

/// <summary>
/// One stream, from connecting to its end: the stream itself on the caller's thread, the pulse on a thread of its own,
/// the watch for changed definitions on the pool. Whatever fails first ends all three; then the stream's epoch is
/// broken. <see cref="Wake"/> and <see cref="End"/> may come from any thread.
/// </summary>
internal sealed class FeedSession : IDisposable
{
    /// <summary>Most commits that are streamed and not known to be visible: as many as wait for a standby at most, or
    /// came since the last pulse.</summary>
    private const int MostPendingCommits = 100_000;

    private static readonly TimeSpan AgreementPoll = TimeSpan.FromMilliseconds(20);

    private readonly FeedOptions _options;
    private readonly Freshness _freshness;
    private readonly FeedCounters _counters;
    private readonly Action<FeedState, string> _report;
    private readonly SnapshotGates _gates = new();
    private readonly CancellationTokenSource _end;
    private Exception? _failure;
    private SchemaWatch? _watch;
    private ReplicationConnection? _stream;
    private PulseConnection? _pulse;
    private PulseLoop? _loop;

    /// <param name="options">Of the feed.</param>
    /// <param name="freshness">What is written.</param>
    /// <param name="counters">Outlive the session.</param>
    /// <param name="report">Told of each state; any thread.</param>
    /// <param name="stop">Ends the session.</param>
    public FeedSession(
        FeedOptions options,
        Freshness freshness,
        FeedCounters counters,
        Action<FeedState, string> report,
        CancellationToken stop)
    {
        _options = options;
        _freshness = freshness;
        _counters = counters;
        _report = report;
        _end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Tables = new TrackedTables(freshness, _gates);
    }

    public TrackedTables Tables { get; }

    /// <summary>The last position that a pulse told.</summary>
    public Lsn InsertPosition => _loop?.InsertPosition ?? Lsn.Zero;

    /// <summary>Somebody waits for a pulse.</summary>
    public void Wake() => Volatile.Read(ref _loop)?.Wake();

    /// <summary>Ends it; the first failure given is the one that counts.</summary>
    public void End(Exception? failure)
    {
        Interlocked.CompareExchange(ref _failure, failure, null);
        _end.Cancel();
        Volatile.Read(ref _stream)?.Abort();
        Volatile.Read(ref _pulse)?.Abort();
        Wake();
    }

    /// <summary>Runs to its end, which always comes as an exception.</summary>
    /// <exception cref="FeedException">Why it ended.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public void Run()
    {
        try
        {
            RunStream(_end.Token);
        }
        catch (Exception) when (Volatile.Read(ref _failure) is not null)
        {
            // What came after it is its consequence.
        }

        throw Volatile.Read(ref _failure) ?? new OperationCanceledException(_end.Token);
    }

    public void Dispose()
    {
        _freshness.Primary.Unfollow();
        _stream?.Dispose();
        _pulse?.Dispose();
        _watch?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _end.Dispose();
    }

    private void RunStream(CancellationToken end)
    {
        _report(FeedState.Connecting, "reads the catalog");
        _watch = SchemaWatch.StartAsync(_options, _freshness, Tables, end).GetAwaiter().GetResult();
        Lsn start = Connect(end);
        Thread? pulseThread = null;
        Task watching = Task.CompletedTask;
        try
        {
            _freshness.Open(start);
            Volatile.Write(ref _loop, new PulseLoop(_pulse!, _stream!, _freshness, _gates, _options, _counters));
            WaitForRunning();
            pulseThread = new Thread(() => Guard(() => _loop!.Run(end))) { Name = "freshet pulse" };
            pulseThread.IsBackground = true;
            pulseThread.Start();
            watching = Task.Run(() => WatchAsync(end), CancellationToken.None);
            using CancellationTokenRegistration abort = end.Register(() => End(null));
            Guard(ReadStream);
        }
        finally
        {
            // Nothing may be served from here on, whatever the rest takes. The pulse's thread may be about to go live:
            // that is closed first.
            Distrust();
            End(null);
            pulseThread?.Join();
            watching.GetAwaiter().GetResult();
        }
    }

    private Lsn Connect(CancellationToken end)
    {
        _report(FeedState.Connecting, "connects the stream");
        Volatile.Write(ref _stream, ReplicationConnection.Open(_options.Server, _options.ConnectTimeout, end));
        using CancellationTokenRegistration abort = end.Register(() => _stream?.Abort());
        PrimaryIdentity identity = _stream!.Identify();
        _report(FeedState.Connecting, "connects the pulse");
        Volatile.Write(ref _pulse, PulseConnection.Open(_options.Server, identity, _options.ConnectTimeout, end));
        if (_watch!.Primary != identity)
        {
            throw new FeedException(
                FeedFailure.Lost, $"the definitions' server ({_watch.Primary}) is not the stream's ({identity})");
        }

        Agree(identity, end);
        _report(FeedState.Connecting, "creates the slot, which waits until transactions have ended that run");
        Lsn start = _stream.CreateSlot(out string slot);
        _stream.Start(slot, _options.Publication);
        _counters.OnConnect();
        return start;
    }

    /// <summary>From here on no server connection may lead to another primary. Those that do are let end first.
    /// </summary>
    private void Agree(PrimaryIdentity identity, CancellationToken end)
    {
        _freshness.Primary.Follow(identity, other =>
        {
            Distrust();
            End(Disagreement($"a server connection leads to {other}", identity));
        });
        while (_freshness.Primary.CountElsewhere(out PrimaryIdentity other) is var count && count > 0)
        {
            string where = $"{count} server {(count == 1 ? "connection leads" : "connections lead")} to {other}";
            if (!other.IsKnown)
            {
                throw new FeedException(
                    FeedFailure.Unavailable,
                    where,
                    repair: PrimaryIdentity.Grant("the role of that pool"));
            }

            if (identity.IsBefore(other))
            {
                throw Disagreement(where, identity);
            }

            _report(FeedState.Connecting, $"{where}, the stream to {identity}: waits until they are closed");
            end.WaitHandle.WaitOne(AgreementPoll);
            end.ThrowIfCancellationRequested();
        }
    }

    private static FeedException Disagreement(string where, PrimaryIdentity identity) =>
        new(FeedFailure.Lost, $"{where}, the stream to {identity}");

    /// <summary>A transaction that committed before the slot's position may still not be visible: the stream says
    /// nothing of it, so nothing may be stored until it is.</summary>
    private void WaitForRunning()
    {
        _report(FeedState.Open, "waits until transactions have ended that ran when the stream began");
        ulong next = _pulse!.TakeTransactionNumber();
        _gates.WhenEnded(Math.Max(next, Tables.State.NextTransaction), () =>
        {
            Tables.GoLive();
            _report(FeedState.Live, "");
        });
    }

    private void ReadStream()
    {
        var decoder = new PgOutputDecoder(_freshness.Table, _options.KeyHasher);
        while (true)
        {
            StreamFrame frame = _stream!.Read();
            _options.Failpoints?.BeforeStreamMessage?.Invoke();
            _counters.OnMessage();
            if (frame.IsKeepalive)
            {
                _freshness.Advance(frame.Position);
                if (frame.WantsReply)
                {
                    _stream.Ask(_freshness.Position, wantsReply: false);
                }
            }
            else if (decoder.Take(frame.Data, frame.IsCut) is { } commit)
            {
                OnCommit(commit);
            }
            else if (decoder.SchemaMessageSeen)
            {
                decoder.SchemaMessageSeen = false;
                _freshness.SchemaChanged();
                _watch!.LookNow();
            }
        }
    }

    private void OnCommit(StreamedCommit commit)
    {
        if (commit.ChangesSchema)
        {
            // Before the position passes it. The change itself may not be visible yet: once it is, the catalog is
            // read again and the version goes up once more.
            _freshness.SchemaChanged();
            _gates.WhenVisible(commit.Transaction, _watch!.LookNow);
        }

        _freshness.Commit(commit.Transaction, commit.End, commit.Changes);
        if (_freshness.PendingCommits > MostPendingCommits)
        {
            throw new FeedException(FeedFailure.Lost, $"more than {MostPendingCommits} commits are not visible yet");
        }

        _loop!.OnCommit();
        _counters.OnCommit(commit.CommittedAt);
        if (commit.Changes.Length > 0 || commit.ChangesSchema)
        {
            // Somebody has to see when it becomes visible.
            _freshness.Pulses.Want(_freshness.Pulses.Next, urgent: false);
        }
    }

    /// <summary>Nothing is served or stored by this stream any more. Any thread.</summary>
    private void Distrust()
    {
        Tables.Close();
        _freshness.Break();
    }

    private async Task WatchAsync(CancellationToken end)
    {
        try
        {
            await _watch!.RunAsync(end);
        }
        catch (Exception failure)
        {
            End(failure);
        }
    }

    private void Guard(Action run)
    {
        try
        {
            run();
        }
        catch (Exception failure)
        {
            // What comes after the end was asked for is its consequence.
            End(_end.IsCancellationRequested ? null : failure);
        }
    }
}
