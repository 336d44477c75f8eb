using System.Collections.Immutable;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// Invalidates results of one database by hand. Each statement counts how often that happened to it, and each result
/// notes the count before its query is sent, so nothing but the count is kept, and a hit costs one comparison. Costs a
/// walk over all statements. Any thread.
/// </summary>
internal sealed class Invalidator(DatabaseCache database)
{
    private readonly long[] _done = new long[(int)InvalidationKind.Fingerprint + 1];

    /// <summary>Invalidations so far, by <see cref="InvalidationKind"/>.</summary>
    public long Done(InvalidationKind kind) => Volatile.Read(ref _done[(int)kind]);

    /// <summary>Returns when it is in force on all loops.</summary>
    /// <param name="what">The results.</param>
    /// <param name="statements">How many statements' results it concerned; those of former definitions, whose results
    /// are not served anyway, do not count.</param>
    /// <returns>Null; or what is wrong with the request, in a sentence's words: nothing was done then.</returns>
    public string? Run(Invalidation what, out int statements)
    {
        statements = 0;
        if ((what.Name.Length == 0) != (what.Kind == InvalidationKind.All))
        {
            return what.Kind == InvalidationKind.All
                ? $"\"{what.Name}\" is given, but all needs no name"
                : $"a {what.Kind.ToString().ToLowerInvariant()} needs a name";
        }

        ImmutableHashSet<uint> tables = [];
        if (what.Kind == InvalidationKind.Table && FindTables(what.Name, out tables) is { } problem)
        {
            return problem;
        }

        if (what.Kind == InvalidationKind.Fingerprint && !IsFingerprint(what.Name))
        {
            return $"\"{what.Name}\" is no fingerprint: 16 hexadecimal digits, as freshet explain shows them";
        }

        foreach (CachedStatement statement in database.Directory.Statements.All)
        {
            if (statement.Database == database && statement.Verdict.IsCacheable && Concerns(what, statement, tables))
            {
                statement.Invalidate(what.ToString());
                statements += statement.SchemaVersion == database.Freshness.SchemaVersion ? 1 : 0;
            }
        }

        Interlocked.Increment(ref _done[(int)what.Kind]);
        return null;
    }

    private static bool Concerns(Invalidation what, CachedStatement statement, ImmutableHashSet<uint> tables) =>
        what.Kind switch
        {
            InvalidationKind.All => true,
            InvalidationKind.Table => statement.Tables.Any(table => tables.Contains(table.Id.Value)),
            InvalidationKind.Fingerprint =>
                what.Name.Equals(statement.Facts.FingerprintText, StringComparison.OrdinalIgnoreCase),
            _ => statement.Labels.Any(label => label.Kind == what.Kind && (what.Kind == InvalidationKind.Key
                ? label.Name.StartsWith(what.Name, StringComparison.Ordinal)
                : string.Equals(label.Name, what.Name, StringComparison.Ordinal))),
        };

    private string? FindTables(string name, out ImmutableHashSet<uint> tables)
    {
        tables = [];
        if (database.Catalog is not { } catalog)
        {
            return $"the definitions of database \"{database.Name}\" have not been read yet; try again";
        }

        return TableSearch.Find(catalog, database.Name, name, out tables);
    }

    private static bool IsFingerprint(string text) => text.Length == 16 && text.All(char.IsAsciiHexDigit);
}
