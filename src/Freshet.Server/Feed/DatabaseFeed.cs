using System.Diagnostics;
using Freshet.Core.Consistency;
using Freshet.Server.Feed.Publications;
using Freshet.Server.Proxy;

namespace Freshet.Server.Feed;

/// <summary>
/// Follows one database's commits: a stream of them, the pulses, the watch for changed definitions, all written into a
/// <see cref="Freshness"/>. A stream that ends is followed by a new one, and a new epoch, after a pause.
/// <para>States: <see cref="FeedState"/>. <see cref="Start"/> once, then <see cref="DisposeAsync"/> once;
/// <see cref="Status"/> from any thread. Two threads of its own: "freshet feed", which reads the stream, and "freshet
/// pulse".</para>
/// </summary>
internal sealed class DatabaseFeed : IAsyncDisposable
{
    private readonly FeedOptions _options;
    private readonly Freshness _freshness;
    private readonly IProxyLog? _log;
    private readonly FeedCounters _counters = new(TimeProvider.System);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FeedSession? _session;
    private Standing _standing = new(FeedState.Stopped, "", null);
    private int _isStarted;

    /// <param name="options">What to follow and how.</param>
    /// <param name="freshness">What is written; no other feed writes it.</param>
    /// <param name="log">Told of each begin and end of a stream.</param>
    public DatabaseFeed(FeedOptions options, Freshness freshness, IProxyLog? log = null)
    {
        _options = options;
        _freshness = freshness;
        _log = log;
        freshness.Pulses.Wake = () => Volatile.Read(ref _session)?.Wake();
    }

    /// <summary>Called when the state changes, on any thread; must not wait. The failure is null unless it broke.
    /// </summary>
    public Action<FeedState, FeedException?>? StateChanged { get; init; }

    /// <summary>How it is now.</summary>
    public FeedStatus Status
    {
        get
        {
            Standing standing = Volatile.Read(ref _standing);
            FeedSession? session = Volatile.Read(ref _session);
            PublicationState tables = session?.Tables.State ?? PublicationState.None;
            long caughtUpAt = _freshness.Pulses.CaughtUpAt;
            Lsn position = _freshness.Position;
            Lsn insert = session?.InsertPosition ?? Lsn.Zero;
            return new FeedStatus
            {
                State = standing.State,
                Reason = standing.Reason,
                Repair = standing.Repair,
                Epoch = _freshness.Epoch,
                SchemaVersion = _freshness.SchemaVersion,
                Position = position,
                LagBytes = insert > position ? (long)(insert.Value - position.Value) : 0,
                SecondsSinceCaughtUp = caughtUpAt == 0 ? null : Stopwatch.GetElapsedTime(caughtUpAt).TotalSeconds,
                PendingCommits = _freshness.PendingCommits,
                Pulses = _counters.Pulses,
                Flushes = _counters.Flushes,
                Commits = _counters.Commits,
                Messages = _counters.Messages,
                Reconnects = Math.Max(0, _counters.Connects - 1),
                TrackedTables = tables.Tracked.Length,
                UntrackedTables = tables.Untracked.Length,
                Untracked = [.. tables.Untracked.Take(FeedStatus.MostUntrackedNamed)],
                CommitToNoted = _counters.CommitToNoted.Read(),
            };
        }
    }

    public void Start()
    {
        if (Interlocked.Exchange(ref _isStarted, 1) != 0)
        {
            throw new InvalidOperationException("the feed was started before");
        }

        new Thread(Run) { Name = "freshet feed", IsBackground = true }.Start();
    }

    /// <summary>Ends the stream; what it knew is broken when this returns.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_isStarted != 0)
        {
            await _stopped.Task;
        }

        _stop.Dispose();
    }

    private void Run()
    {
        var delay = new RetryDelay(_options);
        while (!_stop.IsCancellationRequested)
        {
            if (RunSession() is { } failure)
            {
                Pause(failure, delay);
            }
        }

        Report(FeedState.Stopped, "");
        _stopped.SetResult();
    }

    /// <summary>Null: it was stopped.</summary>
    private FeedException? RunSession()
    {
        using var session = new FeedSession(_options, _freshness, _counters, Report, _stop.Token);
        Volatile.Write(ref _session, session);
        try
        {
            session.Run();
            return null;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return null;
        }
        catch (FeedException failure)
        {
            return failure;
        }
        catch (Exception defect)
        {
            // A defect of ours costs this stream, and a repeated one the cache, but never the process.
            _log?.Write(ProxyLogLevel.Error, $"feed of {_options.Server}: broken invariant: {defect}");
            return new FeedException(FeedFailure.Lost, $"broken invariant: {defect.Message}", defect);
        }
        finally
        {
            Volatile.Write(ref _session, null);
        }
    }

    private void Pause(FeedException failure, RetryDelay delay)
    {
        bool isUnavailable = failure.Failure == FeedFailure.Unavailable;
        Volatile.Write(ref _standing, new Standing(
            isUnavailable ? FeedState.Unavailable : FeedState.Broken, failure.Message, failure.Repair));
        StateChanged?.Invoke(isUnavailable ? FeedState.Unavailable : FeedState.Broken, failure);
        TimeSpan pause = delay.After(isUnavailable, _counters.Connects);
        _log?.Write(
            ProxyLogLevel.Warning,
            $"feed of {_options.Server}: {failure.Message}; next attempt in {pause.TotalSeconds:0.0} s"
            + (failure.Repair is null ? "" : $"; repair: {failure.Repair}"));
        _stop.Token.WaitHandle.WaitOne(pause);
    }

    private void Report(FeedState state, string reason)
    {
        FeedState before = Volatile.Read(ref _standing).State;
        Volatile.Write(ref _standing, new Standing(state, reason, null));
        StateChanged?.Invoke(state, null);
        if (state == FeedState.Live && before != state)
        {
            _log?.Write(
                ProxyLogLevel.Information,
                $"feed of {_options.Server} is live at {_freshness.Position}, epoch {_freshness.Epoch}");
        }
    }

    private sealed record Standing(FeedState State, string Reason, string? Repair);
}
