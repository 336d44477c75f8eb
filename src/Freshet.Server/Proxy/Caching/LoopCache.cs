using System.Diagnostics;
using Freshet.Core.Cache;
using Freshet.Core.Consistency;
using Freshet.Server.Proxy.Loop;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// One loop's part of the cache: its reader of the store, the results that wait for a pulse, the clients that are held.
/// All of it is used on the loop's thread, but for <see cref="OnProgress"/>, by which the feeds' threads wake the loop
/// while something waits.
/// </summary>
internal sealed class LoopCache
{
    /// <summary>Results that wait for their pulse; one more is dropped.</summary>
    private const int MostPending = 4096;

    /// <summary>Bytes of results under way on this loop; beyond it answers are not taken down.</summary>
    private const long MostPendingBytes = 128L * 1024 * 1024;

    /// <summary>A result whose pulse does not come in this time is dropped.</summary>
    private static readonly long PendingLimit = Stopwatch.Frequency;

    private readonly List<Fill> _pending = [];
    private readonly List<ClientCache> _held = [];
    private readonly Action _letter;
    private long _pendingBytes;

    public LoopCache(CacheDirectory directory, EventLoop loop)
    {
        Directory = directory;
        Loop = loop;
        Reader = directory.Store.Reader(loop.Index);
        _letter = Work;
        loop.Alarm = Work;
        Renewal = new Renewal(this);
        Gate = new CacheGate(this);
    }

    public CacheDirectory Directory { get; }

    public EventLoop Loop { get; }

    public ResultReader Reader { get; }

    public CacheGate Gate { get; }

    public Renewal Renewal { get; }

    /// <summary>Where a key is put together.</summary>
    public byte[] KeyBuffer { get; } = new byte[(2 * ClientBatch.MostBytes) + 64];

    /// <summary>From the feeds' threads: something came that this loop may wait for.</summary>
    public void OnProgress(DatabaseCache database)
    {
        if (database.Waits.TryTake(Loop.Index))
        {
            Loop.Post(_letter);
        }
    }

    /// <summary>The client's input is held until <see cref="Work"/> finds that it may go on.</summary>
    /// <param name="client">Which waits.</param>
    /// <param name="deadline">When it has waited long enough, <see cref="Stopwatch"/> ticks.</param>
    /// <param name="awaited">The query that it waits for; null: it waits for its floor, or just for a while.</param>
    public void Hold(ClientCache client, long deadline, Fill? awaited)
    {
        client.Hold(deadline, awaited);
        _held.Add(client);
        Loop.WakeBy(deadline);
        if (client.AwaitsFloor && !client.Database.Waits.Expect(Loop.Index, client.NeededTicket))
        {
            Loop.Post(_letter); // it came meanwhile
        }
    }

    public void Forget(ClientCache client) => _held.Remove(client);

    /// <summary>A complete result: it is published when its pulse has come.</summary>
    public void Publish(Fill fill)
    {
        if (!fill.IsStamped)
        {
            Store(fill);
            return;
        }

        if (_pending.Count >= MostPending || _pendingBytes + fill.Length > MostPendingBytes)
        {
            Counters(fill).Refused++;
            fill.End(published: false);
            return;
        }

        fill.Database.Freshness.Pulses.Want(fill.Ticket, urgent: fill.HasWaiters);
        if (TrySettle(fill))
        {
            fill.End(fill.IsPublished);
            return;
        }

        _pending.Add(fill);
        _pendingBytes += fill.Length;
        Loop.WakeBy(Loop.Now + PendingLimit);
        if (!fill.Database.Waits.Expect(Loop.Index, fill.Ticket))
        {
            Loop.Post(_letter); // it came meanwhile
        }
    }

    /// <summary>Something came, or a deadline has passed.</summary>
    private void Work()
    {
        do
        {
            PublishReady();
            ResumeReady();
        }
        while (!ExpectRest());
    }

    /// <summary>What is left wakes the loop when its turn comes.</summary>
    /// <returns>False when something came in between.</returns>
    private bool ExpectRest()
    {
        bool nothingCame = true;
        foreach (Fill fill in _pending)
        {
            nothingCame &= fill.Database.Waits.Expect(Loop.Index, fill.Ticket);
        }

        foreach (ClientCache client in _held)
        {
            nothingCame &= !client.AwaitsFloor
                || client.Database.Waits.Expect(Loop.Index, client.NeededTicket);
        }

        return nothingCame;
    }

    private void PublishReady()
    {
        int kept = 0;
        for (int i = 0; i < _pending.Count; i++)
        {
            Fill fill = _pending[i];
            if (!TrySettle(fill))
            {
                _pending[kept++] = fill;
            }
            else
            {
                _pendingBytes -= fill.Length;
                fill.End(fill.IsPublished);
            }
        }

        _pending.RemoveRange(kept, _pending.Count - kept);
        if (kept > 0)
        {
            Loop.WakeBy(Loop.Now + PendingLimit);
        }
    }

    /// <summary>Rule 2: a pulse begun after its completion has answered, the stream has come to that pulse's position,
    /// and up to there nothing that it depends on has changed since it was sent.</summary>
    private bool TrySettle(Fill fill)
    {
        Freshness freshness = fill.Database.Freshness;
        bool current = freshness.IsCurrent(fill.Stamp, fill.Cells, out Lsn position);
        if (!current)
        {
            Counters(fill).Overtaken++;
            return true;
        }

        bool atOnce = (freshness.Failpoints & ConsistencyFailpoints.PublishAtOnce) != 0;
        if (atOnce || (freshness.Pulses.TryGetFloor(fill.Ticket, out Lsn floor) && position >= floor))
        {
            Store(fill);
            return true;
        }

        bool late = Stopwatch.GetTimestamp() - fill.CompletedAt > PendingLimit;
        Counters(fill).Refused += late ? 1 : 0;
        return late;
    }

    private void Store(Fill fill)
    {
        ResultHeader header = fill.Header();
        if (fill.IsVerification && !Gate.Verify(fill, header))
        {
            return;
        }

        fill.IsPublished = Directory.Store.Put(fill.Hash, fill.Key, header, fill.Payload);
        CacheCounters counters = Counters(fill);
        counters.Stored += fill.IsPublished ? 1 : 0;
        counters.Refused += fill.IsPublished ? 0 : 1;
        fill.Statement.LastStoredAt = header.StoredAt;
        if (!fill.IsStamped)
        {
            fill.End(fill.IsPublished);
        }
    }

    private void ResumeReady()
    {
        long now = Stopwatch.GetTimestamp();
        long next = long.MaxValue;
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            ClientCache client = _held[i];
            if (now >= client.Deadline)
            {
                client.GiveUpWaiting();
            }
            else if (!client.AwaitsFloor || !client.Database.Freshness.HasReached(client.NeededTicket))
            {
                next = Math.Min(next, client.Deadline);
                continue;
            }

            Resume(client);
            i = Math.Min(i, _held.Count);
        }

        if (next != long.MaxValue)
        {
            Loop.WakeBy(next);
        }
    }

    public void Resume(ClientCache client)
    {
        if (!client.IsHeld)
        {
            return;
        }

        client.Awaited?.StopAwaiting(client);
        client.Release();
        _held.Remove(client);
        client.Client.Resume();
    }

    private CacheCounters Counters(Fill fill) => fill.Database.Counters[Loop.Index];
}
