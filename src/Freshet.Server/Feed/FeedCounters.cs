namespace Freshet.Server.Feed;

/// <summary>What a feed has done since the process began, over all its streams. Any thread.</summary>
internal sealed class FeedCounters(TimeProvider clock)
{
    private long _pulses;
    private long _flushes;
    private long _commits;
    private long _messages;
    private long _connects;

    /// <summary>From a commit's time on the server's clock until it was noted here; tells nothing where the two
    /// clocks differ.</summary>
    public LatencyHistogram CommitToNoted { get; } = new();

    /// <summary>Questions to the primary that were answered.</summary>
    public long Pulses => Volatile.Read(ref _pulses);

    /// <summary>Messages written only to have the log flushed.</summary>
    public long Flushes => Volatile.Read(ref _flushes);

    /// <summary>Transactions streamed.</summary>
    public long Commits => Volatile.Read(ref _commits);

    /// <summary>Messages of the stream, keepalives included.</summary>
    public long Messages => Volatile.Read(ref _messages);

    /// <summary>Streams begun; the first is no reconnect.</summary>
    public long Connects => Volatile.Read(ref _connects);

    public void OnPulse() => Interlocked.Increment(ref _pulses);

    public void OnFlush() => Interlocked.Increment(ref _flushes);

    public void OnMessage() => Interlocked.Increment(ref _messages);

    public void OnConnect() => Interlocked.Increment(ref _connects);

    /// <summary>On the stream's thread.</summary>
    public void OnCommit(DateTimeOffset committedAt)
    {
        Interlocked.Increment(ref _commits);
        CommitToNoted.Add(clock.GetUtcNow() - committedAt);
    }
}
