using System.Collections.Concurrent;
using System.Collections.Immutable;
using Freshet.Core.Catalog;
using Freshet.Core.Consistency;
using Freshet.Core.Sql.Analysis;
using Freshet.Server.Proxy.Statements;

namespace Freshet.Server.Proxy.Caching;

/// <summary>The analysed statements of one database, by text, search path and string style. Bounded: the least
/// recently used tenth goes when it is full. Any thread.</summary>
internal sealed class StatementBook(DatabaseCache database)
{
    internal const int MostStatements = 20_000;

    /// <summary>Different search paths; sessions beyond it are analysed as if they had none, which only makes the
    /// dependencies wider.</summary>
    private const int MostDialects = 1_000;

    private readonly ConcurrentDictionary<(string? Path, bool Conforming), Dialect> _dialects = new();
    private int _count;
    private int _trimming;

    public int Count => Volatile.Read(ref _count);

    /// <summary>The statement as the present catalogue judges it; null while there is none.</summary>
    /// <param name="context">The session's.</param>
    /// <param name="text">The statement.</param>
    /// <param name="known">What <see cref="FindKnown"/> gave for it.</param>
    /// <param name="now">The time, to know which statements are used least.</param>
    public CachedStatement? Find(CacheContext context, ReadOnlySpan<byte> text, CachedStatement? known, long now)
    {
        if (database.Catalog is not { } catalog || catalog.SchemaVersion != database.Freshness.SchemaVersion)
        {
            return null;
        }

        CachedStatement statement = known is not null && known.SchemaVersion == catalog.SchemaVersion
            ? known
            : Analyse(DialectOf(context), catalog, text, known);
        statement.LastUsed = now;
        return statement;
    }

    /// <summary>The analysed statement if there is one, whether the definitions have changed or not.</summary>
    public CachedStatement? FindKnown(CacheContext context, ReadOnlySpan<byte> text) =>
        DialectOf(context).Lookup.TryGetValue(text, out CachedStatement? statement) ? statement : null;

    private Dialect DialectOf(CacheContext context)
    {
        (string?, bool) key = (context.SearchPath, context.StandardConformingStrings);
        if (_dialects.TryGetValue(key, out Dialect? dialect))
        {
            return dialect;
        }

        (string?, bool) kept = _dialects.Count < MostDialects ? key : (null, key.Item2);
        return _dialects.GetOrAdd(kept, static key => new Dialect(key.Path, key.Conforming));
    }

    private CachedStatement Analyse(
        Dialect dialect, CatalogSnapshot catalog, ReadOnlySpan<byte> text, CachedStatement? before)
    {
        StatementFacts facts = before?.Facts ?? StatementFacts.Read(text, dialect.Conforming);
        StatementVerdict verdict = catalog.Judge(facts, dialect.Path);
        CacheDirectory directory = database.Directory;
        ImmutableArray<TableVersion> tables = verdict.IsCacheable
            ? [.. verdict.Relations.Select(oid => database.Freshness.Table(new RelationId(oid)))]
            : [];
        var statement = new CachedStatement(
            database, directory.Statements.NextNumber(), catalog.SchemaVersion, facts, verdict, tables)
        {
            RefusedAs = RefusalBuckets.Of(verdict.Reason),
        };
        foreach (PointKey point in verdict.PointKeys)
        {
            database.Freshness.SplitByKey(tables.First(table => table.Id.Value == point.Relation));
        }

        directory.Statements.Add(statement);
        dialect.Statements[text.ToArray()] = statement;
        if (before is null && Interlocked.Increment(ref _count) > MostStatements)
        {
            Trim();
        }

        return statement;
    }

    private void Trim()
    {
        if (Interlocked.Exchange(ref _trimming, 1) != 0)
        {
            return;
        }

        IEnumerable<(Dialect Dialect, byte[] Text)> oldest = _dialects.Values
            .SelectMany(dialect => dialect.Statements, (dialect, pair) => (dialect, pair.Key, pair.Value.LastUsed))
            .OrderBy(entry => entry.LastUsed)
            .Take(MostStatements / 10)
            .Select(entry => (entry.dialect, entry.Key));
        foreach ((Dialect dialect, byte[] text) in oldest.ToArray())
        {
            if (dialect.Statements.TryRemove(text, out _))
            {
                Interlocked.Decrement(ref _count);
            }
        }

        Volatile.Write(ref _trimming, 0);
    }

    private sealed class Dialect
    {
        public Dialect(string? path, bool conforming)
        {
            Path = path;
            Conforming = conforming;
            Lookup = Statements.GetAlternateLookup<ReadOnlySpan<byte>>();
        }

        public string? Path { get; }

        public bool Conforming { get; }

        public ConcurrentDictionary<byte[], CachedStatement> Statements { get; } =
            new(new StatementCache.BodyComparer());

        public ConcurrentDictionary<byte[], CachedStatement>.AlternateLookup<ReadOnlySpan<byte>> Lookup { get; }
    }
}
