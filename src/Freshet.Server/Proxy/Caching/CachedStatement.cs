using System.Collections.Immutable;
using System.Diagnostics;
using Freshet.Core.Consistency;
using Freshet.Core.Policy;
using Freshet.Core.Sql.Analysis;
using Freshet.Server.Proxy.Statements;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// What is known of one statement text in one database: what its results depend on, or why they are not cached. Valid
/// for one schema version; made anew when definitions have changed. Immutable but for counters and policies.
/// </summary>
internal sealed class CachedStatement
{
    /// <summary>Tries before it is judged; a hit for so many of them is enough; else one of so many is tried.</summary>
    private const int TriesJudged = 64, FewestUses = 8, TryAgainEach = 16;

    private readonly Lock _labelling = new();
    private ImmutableHashSet<ResultLabel> _labels = [];
    private long _invalidations;
    private volatile PastInvalidation? _lastInvalidation;

    public CachedStatement(
        DatabaseCache database, int number, long schemaVersion, StatementFacts facts, StatementVerdict verdict,
        ImmutableArray<TableVersion> tables)
    {
        Database = database;
        Number = number;
        SchemaVersion = schemaVersion;
        Facts = facts;
        Verdict = verdict;
        Tables = tables;
        Cells = [.. tables.Select(table => table.Any)];
        Points = verdict.PointKeys.IsEmpty
            ? []
            : [.. tables.Select(table => verdict.PointKeys.FirstOrDefault(point => point.Relation == table.Id.Value))];
    }

    public DatabaseCache Database { get; }

    /// <summary>Stands in the headers of its results.</summary>
    public int Number { get; }

    public long SchemaVersion { get; }

    public StatementFacts Facts { get; }

    public StatementVerdict Verdict { get; }

    /// <summary>How a request is counted that is refused for what it says.</summary>
    public CacheResult RefusedAs { get; init; } = CacheResult.Uncacheable;

    public ImmutableArray<TableVersion> Tables { get; }

    /// <summary>By table: of it only one key matters; null: all of it does. Empty: that is so for none.</summary>
    public PointKey?[] Points { get; }

    /// <summary>One for each table; a query by key looks at its bucket instead.</summary>
    public VersionCell[] Cells { get; }

    /// <summary>The shared entry of the statement cache, once one was needed.</summary>
    public StatementEntry? Entry { get; set; }

    /// <summary>Results differed when they were run again: never served until definitions change or the process ends.
    /// </summary>
    public bool IsDistrusted { get; set; }

    /// <summary>For explain; each loop adds without a lock, so a few may be lost.</summary>
    public long Hits, Misses, LastUsed, LastStoredAt;

    private int _tries, _uses, _skipped;

    /// <summary>Whether it is worth while to take a result of it down: what is overtaken by writes, or asked for with
    /// ever other arguments, costs and gives nothing. Looks at the last tries, and goes on trying now and then. Loops
    /// count without a lock: a lost count does no harm.</summary>
    public bool IsWorthStoring()
    {
        if (_tries >= TriesJudged && _uses < _tries / FewestUses && ++_skipped % TryAgainEach != 0)
        {
            return false;
        }

        if (++_tries >= 8 * TriesJudged)
        {
            _tries /= 2;
            _uses /= 2;
        }

        return true;
    }

    /// <summary>A result of it was served.</summary>
    public void Used()
    {
        Hits++;
        _uses++;
    }

    /// <summary>Every table is streamed.</summary>
    public bool IsTracked
    {
        get
        {
            foreach (TableVersion table in Tables)
            {
                if (!table.IsTracked)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>How often its results were invalidated by hand: one that was sent for before the last time is not
    /// served.</summary>
    public long Invalidations => Volatile.Read(ref _invalidations);

    /// <summary>The last time by hand; null: never.</summary>
    public PastInvalidation? LastInvalidation => _lastInvalidation;

    /// <summary>The names by which policies let its results be invalidated.</summary>
    public ImmutableHashSet<ResultLabel> Labels => Volatile.Read(ref _labels);

    /// <param name="cause">For explain.</param>
    public void Invalidate(string cause)
    {
        Interlocked.Increment(ref _invalidations);
        _lastInvalidation = new PastInvalidation(cause, Stopwatch.GetTimestamp());
    }

    /// <summary>A policy is about to be in force for it. Before any result is asked for under it.</summary>
    public void AddLabels(IEnumerable<ResultLabel> labels)
    {
        lock (_labelling)
        {
            Volatile.Write(ref _labels, _labels.Union(labels));
        }
    }
}
