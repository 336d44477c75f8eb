using System.Collections.Concurrent;

namespace Freshet.Core.Consistency;

/// <summary>
/// What is known of a database's state: which table changed last when, how far the stream has come, which commits new
/// snapshots see. The feed writes it, readers ask it whether a stored result is current and whether a new one may be
/// stored. <c>docs/consistency.md</c> has the rules and why they hold.
/// <para>States: broken (nothing may be served or stored), open (the stream runs; commits are noted, but transactions
/// that the stream does not show whole may still be running), live. Each break begins a new epoch. The epoch's lowest
/// bit is 1 unless live, so one read tells both.</para>
/// <para>The stream's side (<see cref="Break"/>, <see cref="Open"/>, <see cref="GoLive"/>, <see cref="Commit"/>,
/// <see cref="Advance"/>) and the pulse's (<see cref="Pulses"/>) may run on different threads; they share a lock that
/// no reader takes. Readers are lock-free, on any thread.</para>
/// </summary>
internal sealed class Freshness
{
    private readonly Lock _writing = new();
    private readonly ConcurrentDictionary<RelationId, TableVersion> _tables = new();
    private readonly Queue<PendingCommit> _pending = new();
    private long _epoch = 1;
    private long _position;
    private long _schemaVersion;

    public Freshness() => Pulses = new PulseBook(this);

    /// <summary>When pulses began and what they found.</summary>
    public PulseBook Pulses { get; }

    /// <summary>Whether the server connections lead to where the stream comes from.</summary>
    public PrimaryAgreement Primary { get; } = new();

    /// <summary>Called after anything that a waiting reader may wait for: the stream's position, a pulse, a change of
    /// epoch. On the feed's threads; must not wait. Set once, before the feed starts.</summary>
    public Action? Progressed { get; set; }

    public ConsistencyFailpoints Failpoints { get; set; }

    /// <summary>Odd unless live.</summary>
    public long Epoch => Volatile.Read(ref _epoch);

    public bool IsLive => (Epoch & 1) == 0;

    /// <summary>P: every commit up to here has been noted.</summary>
    public Lsn Position => new((ulong)Volatile.Read(ref _position));

    /// <summary>Counts definitions and rights that changed.</summary>
    public long SchemaVersion => Volatile.Read(ref _schemaVersion);

    /// <summary>Commits streamed and not yet known to be visible.</summary>
    public int PendingCommits { get; private set; }

    /// <summary>The table's versions; created untracked when it is not known.</summary>
    public TableVersion Table(RelationId id) => _tables.GetOrAdd(id, static (key, self) => self.Create(key), this);

    public TableVersion? FindTable(RelationId id) => _tables.GetValueOrDefault(id);

    // ------------------------------------------------------------------------------------- readers

    /// <summary>What a result would be stamped with that is sent for now.</summary>
    /// <param name="cells">What it depends on.</param>
    /// <param name="stamp">The stamp; look at <see cref="AllConfirmed"/> after it, never before.</param>
    /// <returns>False while the stream is not live.</returns>
    public bool TryStamp(ReadOnlySpan<VersionCell> cells, out ResultStamp stamp)
    {
        long epoch = Volatile.Read(ref _epoch);
        long version = Greatest(cells);
        stamp = new ResultStamp(version, Volatile.Read(ref _schemaVersion), epoch);
        return (epoch & 1) == 0 && Volatile.Read(ref _epoch) == epoch;
    }

    /// <summary>Every streamed commit to them is visible to new snapshots. Read after the versions: a cell's count
    /// rises before its version does.</summary>
    public bool AllConfirmed(ReadOnlySpan<VersionCell> cells)
    {
        if ((Failpoints & ConsistencyFailpoints.ConfirmAtOnce) != 0)
        {
            return true;
        }

        foreach (VersionCell cell in cells)
        {
            if (!cell.IsConfirmed)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>True when a result of this stamp is what its query would return on the state made by exactly the
    /// commits up to <paramref name="position"/>. The position is read before the versions: the other way round a
    /// commit between the two would be missed.</summary>
    public bool IsCurrent(in ResultStamp stamp, ReadOnlySpan<VersionCell> cells, out Lsn position)
    {
        long epoch = Volatile.Read(ref _epoch);
        position = Position;
        return epoch == stamp.Epoch
            && Greatest(cells) == stamp.Version
            && Volatile.Read(ref _schemaVersion) == stamp.SchemaVersion
            && Volatile.Read(ref _epoch) == epoch;
    }

    /// <summary>The stream has come up to the floor that the ticket stands for, or is broken: nobody need wait.
    /// </summary>
    public bool HasReached(long ticket) =>
        ticket == 0 || !IsLive || (Pulses.TryGetFloor(ticket, out Lsn floor) && Position >= floor);

    private static long Greatest(ReadOnlySpan<VersionCell> cells)
    {
        long greatest = 0;
        foreach (VersionCell cell in cells)
        {
            greatest = Math.Max(greatest, cell.Version);
        }

        return greatest;
    }

    // ---------------------------------------------------------------------------------- the stream

    /// <summary>The stream is gone or cannot be trusted: nothing stored so far is current any more.</summary>
    public void Break()
    {
        lock (_writing)
        {
            Interlocked.Add(ref _epoch, (_epoch & 1) == 0 ? 1 : 2);
            ForgetPending();
            Pulses.Forget();
        }

        Progressed?.Invoke();
    }

    /// <summary>A new stream begins: every commit behind <paramref name="position"/> will be told. Versions begin
    /// there, so that they are right also after a change of timeline.</summary>
    public void Open(Lsn position)
    {
        lock (_writing)
        {
            Interlocked.Add(ref _epoch, (_epoch & 1) == 0 ? 1 : 2);
            ForgetPending();
            Pulses.Forget();
            Volatile.Write(ref _position, (long)position.Value);
            foreach (TableVersion table in _tables.Values)
            {
                table.IsTracked = false;
                table.Reset(position);
            }
        }
    }

    /// <summary>Transactions that were running when the stream began have ended: results may be stored from now on.
    /// </summary>
    public void GoLive()
    {
        lock (_writing)
        {
            if ((_epoch & 1) != 0)
            {
                Interlocked.Increment(ref _epoch);
            }
        }

        Progressed?.Invoke();
    }

    /// <summary>From now on the stream tells every commit that touches the table.</summary>
    public void Track(RelationId id)
    {
        TableVersion table = Table(id);
        lock (_writing)
        {
            table.IsTracked = true;
        }
    }

    /// <summary>The stream may miss commits to the table. Results that depend on it are unreachable at once.</summary>
    public void Untrack(RelationId id)
    {
        if (FindTable(id) is { } table)
        {
            lock (_writing)
            {
                table.IsTracked = false;
            }

            SchemaChanged();
        }
    }

    /// <summary>Has the table's changes noted by key from now on.</summary>
    public void SplitByKey(TableVersion table)
    {
        lock (_writing)
        {
            if (!table.HasBuckets)
            {
                // What was streamed before and is not visible yet has no bucket: it was noted for the whole table.
                table.Split(Position);
            }
        }
    }

    /// <summary>A commit was streamed. It may not be visible yet to those who look: PostgreSQL streams it first.
    /// </summary>
    /// <param name="transaction">Its number.</param>
    /// <param name="end">The LSN behind its commit record.</param>
    /// <param name="changes">What it did; none for a transaction that touched no tracked table.</param>
    public void Commit(TransactionId transaction, Lsn end, ReadOnlySpan<TableChange> changes)
    {
        lock (_writing)
        {
            if (changes.Length > 0)
            {
                Note(transaction, end, changes);
            }

            MoveTo(end);
        }

        Progressed?.Invoke();
    }

    /// <summary>The stream has nothing up to here that was not told (a keepalive).</summary>
    public void Advance(Lsn position)
    {
        lock (_writing)
        {
            MoveTo(position);
        }

        Progressed?.Invoke();
    }

    /// <summary>A definition or a right changed: no result stored before is current any more. From any
    /// thread.</summary>
    public void SchemaChanged()
    {
        Interlocked.Increment(ref _schemaVersion);
        Progressed?.Invoke();
    }

    // ----------------------------------------------------------------------------------- the pulse

    /// <summary>Confirms the commits that the snapshot shows. Called by <see cref="PulseBook.End"/>.</summary>
    /// <param name="epoch">The epoch when the pulse began: of another one it tells nothing.</param>
    /// <param name="snapshot">What a statement saw that began after the pulse did.</param>
    /// <param name="ending">Runs under the lock when the epoch is still the same.</param>
    /// <returns>False when it is not.</returns>
    internal bool Confirm(long epoch, VisibilitySnapshot snapshot, Action ending)
    {
        lock (_writing)
        {
            // An epoch has an odd number while open and the even one above it while live.
            if ((epoch + 1) >> 1 != (_epoch + 1) >> 1)
            {
                return false;
            }

            for (int left = _pending.Count; left > 0; left--)
            {
                PendingCommit commit = _pending.Dequeue();
                if (snapshot.Shows(commit.Transaction))
                {
                    commit.Cells.ForEach(static cell => cell.Confirm());
                }
                else
                {
                    _pending.Enqueue(commit);
                }
            }

            PendingCommits = _pending.Count;
            ending();
        }

        Progressed?.Invoke();
        return true;
    }

    private TableVersion Create(RelationId id)
    {
        var table = new TableVersion(id);
        lock (_writing)
        {
            table.Reset(Position);
        }

        return table;
    }

    private void Note(TransactionId transaction, Lsn end, ReadOnlySpan<TableChange> changes)
    {
        var cells = new List<VersionCell>(changes.Length * 2);
        foreach (TableChange change in changes)
        {
            if (Add(cells, change.Table.Any))
            {
                change.Table.Changed();
            }

            if (change.IsWhole || !change.Table.HasBuckets)
            {
                Add(cells, change.Table.Whole);
            }
            else
            {
                Add(cells, change.Table.Bucket(change.KeyHash));
            }
        }

        _pending.Enqueue(new PendingCommit(transaction, end, cells));
        PendingCommits = _pending.Count;
        cells.ForEach(cell => cell.Touch(end));
    }

    private static bool Add(List<VersionCell> cells, VersionCell cell)
    {
        bool isNew = !cells.Contains(cell);
        if (isNew)
        {
            cells.Add(cell);
        }

        return isNew;
    }

    private void MoveTo(Lsn position)
    {
        if (position > Position)
        {
            Volatile.Write(ref _position, (long)position.Value);
            Pulses.Reached(position);
        }
    }

    private void ForgetPending()
    {
        _pending.Clear();
        PendingCommits = 0;
    }

    /// <param name="Transaction">Its number.</param>
    /// <param name="End">Behind its commit record.</param>
    /// <param name="Cells">What it touched, each once.</param>
    private readonly record struct PendingCommit(TransactionId Transaction, Lsn End, List<VersionCell> Cells);
}
