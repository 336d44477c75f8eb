using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using Freshet.Core.Cache;
using Freshet.Core.Catalog;
using Freshet.Core.Consistency;
using Freshet.Core.Policy;
using Freshet.Core.Sql.Analysis;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Caching;

/// <summary>Answers how the cache would deal with a statement, and how it has done so far. Changes nothing: a text that
/// nobody has asked for is analysed for the answer alone. Costs a walk over all statements and all stored results, so
/// one runs at a time in the process; not for a loop's thread. Any other.</summary>
internal sealed class CacheExplainer(DatabaseCache database)
{
    /// <summary>Characters of each text in the answer, and settings, tables, hint errors listed.</summary>
    private const int MostCharacters = 1_000, MostListed = 50;

    private static readonly SemaphoreSlim OneAtATime = new(1);

    /// <param name="user">Whose session; empty: nobody's, so that no rule for a user applies.</param>
    /// <param name="settings">The session's.</param>
    /// <param name="text">The statement.</param>
    /// <param name="cancellation">Given up while it waits for its turn.</param>
    public async Task<CacheExplanation> ExplainAsync(
        string user, SettingsSet settings, byte[] text, CancellationToken cancellation)
    {
        await OneAtATime.WaitAsync(cancellation);
        try
        {
            return Explain(user, settings, text);
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    private CacheExplanation Explain(string user, SettingsSet settings, byte[] text)
    {
        var context = new CacheContext(0, database, user, settings);
        CatalogSnapshot? catalog = database.Catalog;
        CachedStatement? known = database.Statements.FindKnown(context, text);
        CachedStatement statement = known is not null && known.SchemaVersion == catalog?.SchemaVersion
            ? known
            : Analyse(context, catalog, text);
        ResultPolicy policy = database.Policies.ClassOf(user, settings.Find("application_name") ?? "").For(statement);
        CachedStatement[] alike = [.. database.Directory.Statements.All.Where(other =>
            other.Database == database && other.Facts.Fingerprint == statement.Facts.Fingerprint)];
        PastInvalidation? invalidation = alike.Select(other => other.LastInvalidation).MaxBy(past => past?.At ?? 0);
        long now = Stopwatch.GetTimestamp();
        long storedAt = alike.Length == 0 ? 0 : alike.Max(other => other.LastStoredAt);
        CacheExplanation explanation = new()
        {
            Database = database.Name,
            User = user,
            Policy = Bound(policy),
            ModeWanted = policy.Mode,
            ModeInForce = database.Effective(policy.Mode),
            ModeNote = NoteOn(policy),
            Fingerprint = statement.Facts.FingerprintText,
            Normalized = Bound(statement.Facts.Normalized),
            Tables = [.. Tables(statement, catalog).Take(MostListed)],
            KeySettings = KeyOf(user, settings),
            HintErrors = [.. policy.HintErrors.Take(MostListed).Select(Bound)],
            Statements = alike.Count(other => other.SchemaVersion == database.Freshness.SchemaVersion),
            Hits = alike.Sum(other => Volatile.Read(ref other.Hits)),
            Misses = alike.Sum(other => Volatile.Read(ref other.Misses)),
            StoredAgo = storedAt == 0 ? null : Stopwatch.GetElapsedTime(storedAt, now),
            InvalidatedBy = invalidation is null ? null : Bound(invalidation.Cause),
            InvalidatedAgo = invalidation is null ? default : Stopwatch.GetElapsedTime(invalidation.At, now),
            IsDistrusted = statement.IsDistrusted,
        };
        return Judge(CountResults(explanation, alike, now), context, catalog, statement);
    }

    private CachedStatement Analyse(CacheContext context, CatalogSnapshot? catalog, byte[] text)
    {
        StatementFacts facts = StatementFacts.Read(text, context.StandardConformingStrings);
        StatementVerdict verdict = catalog?.Judge(facts, context.SearchPath)
            ?? StatementVerdict.Refuse(facts.Refusal, facts.Detail);
        ImmutableArray<TableVersion> tables =
            [.. verdict.Relations.Select(oid => database.Freshness.Table(new RelationId(oid)))];
        return new CachedStatement(database, 0, catalog?.SchemaVersion ?? 0, facts, verdict, tables)
        {
            RefusedAs = RefusalBuckets.Of(verdict.Reason),
        };
    }

    /// <summary>The same questions in the same order as for a request that no stored result answers.</summary>
    private CacheExplanation Judge(
        CacheExplanation explanation, CacheContext context, CatalogSnapshot? catalog, CachedStatement statement)
    {
        StatementVerdict verdict = statement.Verdict;
        (CacheResult Result, string Why)? problem = null;
        if (context.IsRefused)
        {
            problem = (CacheResult.Uncacheable, "the session's client_encoding hides what the text says, or its "
                + "default_transaction_isolation is serializable");
        }
        else if (!verdict.IsCacheable)
        {
            problem = (statement.RefusedAs, verdict.Detail);
        }
        else if (catalog is null || catalog.SchemaVersion != database.Freshness.SchemaVersion)
        {
            problem = (CacheResult.Disabled, "the database's definitions are being read; try again");
        }
        else if (statement.IsDistrusted)
        {
            problem = (CacheResult.Disabled, "a result of it differed when it was run again");
        }
        else if (explanation.ModeInForce == CacheMode.Off)
        {
            problem = (CacheResult.Disabled, "the mode in force is off");
        }
        else if (explanation.ModeInForce != CacheMode.Bounded && verdict.Untracked is { } untracked)
        {
            problem = (CacheResult.Uncacheable, $"{untracked}; only mode bounded can cache it");
        }
        else if (explanation.ModeInForce != CacheMode.Bounded
            && !VersionJudge.IsCaughtUp(database, Stopwatch.GetTimestamp()))
        {
            problem = (CacheResult.Disabled, database.Freshness.IsLive
                ? "the stream of changes has not caught up with the database within cache.maxStaleness"
                : "the database's changes are not being followed at the moment");
        }

        return explanation with
        {
            IsCacheable = problem is null,
            CountedAs = problem?.Result ?? CacheResult.Miss,
            Detail = problem is null ? null : Bound(problem.Value.Why),
        };
    }

    private string? NoteOn(ResultPolicy policy)
    {
        var notes = new List<string>();
        if (database.Effective(policy.Mode) != policy.Mode)
        {
            notes.Add("the database's changes cannot be followed, so cache.fallback is in force");
        }

        if (database.Settings.RolloutPercent < 100)
        {
            notes.Add($"cache.rollout is {database.Settings.RolloutPercent}: the other keys are not cached");
        }

        if (database.Settings.Shadow)
        {
            notes.Add("cache.shadow is on: hits are compared, none is served");
        }

        return notes.Count == 0 ? null : string.Join("; ", notes);
    }

    private static IEnumerable<ExplainedTable> Tables(CachedStatement statement, CatalogSnapshot? catalog)
    {
        long now = Stopwatch.GetTimestamp();
        for (int i = 0; i < statement.Tables.Length; i++)
        {
            TableVersion table = statement.Tables[i];
            CatalogRelation? relation = catalog?.Find(table.Id.Value);
            bool isByKey = statement.Points.Length > 0 && statement.Points[i] is not null;
            yield return new ExplainedTable(
                Bound(relation?.FullName ?? table.Id.ToString()),
                isByKey ? relation?.KeyColumn ?? "key" : null,
                table.IsTracked ? null : WhyUntracked(relation),
                new Lsn((ulong)table.Any.Version),
                table.ChangedAt == 0 ? null : Stopwatch.GetElapsedTime(table.ChangedAt, now));
        }
    }

    private static string WhyUntracked(CatalogRelation? relation) => relation switch
    {
        { Kind: 'm' } => "a materialized view",
        { Kind: 'f' } => "a foreign table",
        { Persistence: 'u' } => "unlogged",
        { HasIdentity: false } => "it has no replica identity",
        _ => "it is not in the publication, or the stream is not running",
    };

    private static ImmutableArray<(string Name, string Value)> KeyOf(string user, SettingsSet settings)
    {
        var key = ImmutableArray.CreateBuilder<(string, string)>();
        key.Add(("user", user));
        foreach ((string name, string value) in settings.Settings)
        {
            if (CacheContext.StandsInKey(name) && key.Count <= MostListed)
            {
                key.Add((Bound(Legible(name)), Bound(Legible(value))));
            }
        }

        return key.ToImmutable();
    }

    /// <summary>Settings are kept byte for byte, as Latin-1 text.</summary>
    private static string Legible(string setting) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(setting));

    private CacheExplanation CountResults(CacheExplanation explanation, CachedStatement[] alike, long now)
    {
        var byNumber = alike.ToDictionary(statement => statement.Number);
        int count = 0;
        long newest = 0;
        bool Look(in ResultHeader header, ReadOnlySpan<byte> key)
        {
            if (byNumber.TryGetValue(header.StatementNumber, out CachedStatement? statement)
                && header.Invalidations == statement.Invalidations
                && header.SchemaVersion == database.Freshness.SchemaVersion)
            {
                count++;
                newest = Math.Max(newest, header.StoredAt);
            }

            return false; // none is removed
        }

        if (byNumber.Count > 0)
        {
            database.Directory.Store.RemoveWhere(Look);
        }

        return explanation with
        {
            Results = count,
            NewestAge = count == 0 ? null : Stopwatch.GetElapsedTime(newest, now),
        };
    }

    private static ResultPolicy Bound(ResultPolicy policy) => policy with
    {
        Tags = [.. policy.Tags.Take(MostListed).Select(Bound)],
        Profile = policy.Profile is null ? null : Bound(policy.Profile),
        Key = policy.Key is null ? null : Bound(policy.Key),
    };

    private static string Bound(string text)
    {
        if (text.Length <= MostCharacters)
        {
            return text;
        }

        int end = char.IsHighSurrogate(text[MostCharacters - 1]) ? MostCharacters - 1 : MostCharacters;
        return text[..end] + "…";
    }
}
