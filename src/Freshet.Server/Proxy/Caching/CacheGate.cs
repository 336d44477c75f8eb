using System.Buffers.Binary;
using System.Diagnostics;
using Freshet.Core.Cache;
using Freshet.Core.Consistency;
using Freshet.Core.Policy;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Statements;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// Where a client at rest meets the cache: reads what it asks for, looks it up, and answers, holds or passes it on.
/// The rules are those of <c>docs/consistency.md</c>. One for each loop, used on its thread.
/// </summary>
internal sealed class CacheGate(LoopCache loop)
{
    private readonly HitWriter _writer = new(loop);
    private readonly DependencyReader _dependencies = new();
    private readonly TextSieve _sieve = new();
    private readonly AgeJudge _age = new(loop);
    private readonly VersionJudge _version = new(loop);
    private readonly Random _sampling = new();
    private int _untilSample = 1;

    /// <param name="cache">Of a client that has no server connection.</param>
    /// <param name="data">Its input.</param>
    /// <param name="used">Bytes of it that were answered.</param>
    public CacheDecision Decide(ClientCache cache, ReadOnlySpan<byte> data, out int used)
    {
        used = 0;
        BatchStatus status = ClientBatch.Read(data, out ClientBatch batch);
        if (status == BatchStatus.Other)
        {
            return Pass(cache, CacheResult.NotAQuery);
        }

        if (cache.Context() is not { } context)
        {
            return Pass(cache, CacheResult.Uncacheable);
        }

        ReadOnlySpan<byte> content = batch.Content;
        if (!batch.IsSimple && !batch.HasParse)
        {
            if (FindEntry(cache.Client, batch.StatementName) is not { } entry)
            {
                return Pass(cache, CacheResult.Uncacheable);
            }

            content = entry.Body;
        }

        if (status == BatchStatus.Incomplete)
        {
            // What is known to be of no interest does not wait here for its Sync.
            return batch.StatementName.IsEmpty && content.IsEmpty ? CacheDecision.Incomplete
                : Known(cache, context, batch.IsSimple, content) is { Verdict.IsCacheable: false }
                    ? Pass(cache, CacheResult.Uncacheable)
                    : CacheDecision.Incomplete;
        }

        if (content.Length > ClientBatch.MostBytes || (batch.HasParse && !MayParse(cache.Client, batch.ParseName)))
        {
            return Pass(cache, CacheResult.OversizedQuery);
        }

        ReadOnlySpan<byte> key = WriteKey(context, batch, content);
        ulong hash = ResultHash.Compute(key);
        CacheDecision decision = LookUp(cache, batch, content, key, hash);
        used = decision == CacheDecision.Served ? batch.Length : 0;
        return decision;
    }

    /// <summary>A result that was run again: compares it with the stored one of the same state.</summary>
    /// <returns>False when what is stored stays.</returns>
    public bool Verify(Fill fill, in ResultHeader header)
    {
        if (!loop.Reader.TryGet(fill.Hash, fill.Key, out StoredResult stored))
        {
            return true;
        }

        bool sameState = stored.Header.Version == header.Version && stored.Header.Epoch == header.Epoch
            && stored.Header.SchemaVersion == header.SchemaVersion && header.Version >= 0;
        bool same = !sameState || ResultComparison.AreSame(stored, fill);
        loop.Reader.Release();
        if (!sameState)
        {
            return true;
        }

        CacheCounters counters = fill.Database.Counters[loop.Loop.Index];
        counters.Verified++;
        if (!same)
        {
            counters.Mismatches++;
            fill.Statement.IsDistrusted = true;
            fill.Database.Directory.Mistrusted?.Invoke(fill.Database, fill.Statement);
        }

        return false;
    }

    private CacheDecision LookUp(
        ClientCache cache, in ClientBatch batch, ReadOnlySpan<byte> content, ReadOnlySpan<byte> key, ulong hash)
    {
        bool verify = false;
        if (!cache.GoesPast && loop.Reader.TryGet(hash, key, out StoredResult stored))
        {
            CacheDecision decision = TryHit(cache, batch, content, hash, stored, out verify);
            loop.Reader.Release();
            if (decision != CacheDecision.Pass)
            {
                return decision;
            }
        }

        return Miss(cache, batch, content, key, hash, verify);
    }

    private CacheDecision TryHit(
        ClientCache cache, in ClientBatch batch, ReadOnlySpan<byte> content, ulong hash, in StoredResult stored,
        out bool verify)
    {
        verify = false;
        ref readonly ResultHeader header = ref stored.Header;
        if (loop.Directory.Statements.Find(header.StatementNumber) is not { IsDistrusted: false } statement
            || (batch.Describes && header.DescriptionBytes == 0)
            || statement.Invalidations != header.Invalidations)
        {
            return CacheDecision.Pass;
        }

        CacheMode mode = Mode(cache, statement, hash, out ResultPolicy policy);
        if (mode == CacheMode.Off)
        {
            return CacheDecision.Pass; // counted where it is decided for good
        }

        Usability usability = mode == CacheMode.Bounded
            ? _age.Judge(cache, policy, batch, content, hash, header)
            : _version.Judge(cache, mode, statement, batch, content, header);
        if (usability == Usability.Later)
        {
            return CacheDecision.Held;
        }

        if (usability == Usability.No)
        {
            return CacheDecision.Pass;
        }

        DatabaseCacheSnapshot settings = cache.Database.Settings;
        verify = mode != CacheMode.Bounded && (settings.Shadow || IsSampled(stored, settings));
        return verify ? CacheDecision.Pass : Serve(cache, batch, stored, statement);
    }

    /// <summary>The mode in force for this client, statement and key; off also for keys that the rollout leaves out.
    /// </summary>
    private static CacheMode Mode(
        ClientCache cache, CachedStatement statement, ulong hash, out ResultPolicy policy)
    {
        policy = cache.Policy(statement);
        return (int)(hash % 100) >= cache.Database.Settings.RolloutPercent
            ? CacheMode.Off
            : cache.Database.Effective(policy.Mode);
    }

    /// <summary>A share of the hits, but one result at most once a second: a hot one would only be asked for the same
    /// again.</summary>
    private bool IsSampled(in StoredResult stored, DatabaseCacheSnapshot settings)
    {
        if (settings.VerifyPercent == 0 || --_untilSample > 0)
        {
            return false;
        }

        _untilSample = _sampling.Next(1, 200 / settings.VerifyPercent);
        return stored.TryClaimVerification(loop.Loop.Now - Stopwatch.Frequency, loop.Loop.Now);
    }

    private CacheDecision Serve(
        ClientCache cache, in ClientBatch batch, in StoredResult stored, CachedStatement statement)
    {
        CacheCounters counters = cache.Database.Counters[loop.Loop.Index];
        counters.Count(CacheResult.Hit);
        counters.SavedMicroseconds += stored.Header.SavedMicroseconds;
        statement.Used();
        stored.Touch();
        cache.OnHit();
        _writer.Write(cache.Client, batch, stored, statement);
        return CacheDecision.Served;
    }

    private CacheDecision Miss(
        ClientCache cache, in ClientBatch batch, ReadOnlySpan<byte> content, ReadOnlySpan<byte> key, ulong hash,
        bool verify)
    {
        DatabaseCache database = cache.Database;
        ReadOnlySpan<byte> text = batch.IsSimple ? content : content[..content.IndexOf((byte)0)];
        CachedStatement? known = database.Statements.FindKnown(cache.Context()!, text);
        if (known is not null)
        {
            _sieve.OnKnown();
        }
        else if (!_sieve.Admits(ResultHash.Compute(text)))
        {
            return Pass(cache, CacheResult.Miss);
        }

        if (database.Statements.Find(cache.Context()!, text, known, loop.Loop.Now) is not { } statement)
        {
            return Pass(cache, CacheResult.Disabled);
        }

        if (!statement.Verdict.IsCacheable || statement.IsDistrusted)
        {
            return Pass(cache, statement.Verdict.IsCacheable ? CacheResult.Disabled : statement.RefusedAs);
        }

        CacheMode mode = Mode(cache, statement, hash, out _);
        if (mode == CacheMode.Off)
        {
            return Pass(cache, CacheResult.Disabled);
        }

        if (mode != CacheMode.Bounded && statement.Verdict.Untracked is not null)
        {
            return Pass(cache, CacheResult.Uncacheable);
        }

        if (mode != CacheMode.Bounded && !VersionJudge.IsCaughtUp(database, loop.Loop.Now))
        {
            return Pass(cache, CacheResult.Disabled);
        }

        if (_dependencies.HasDateWord(batch))
        {
            return Pass(cache, CacheResult.Volatile);
        }

        if (!cache.GoesPast && !verify && loop.Directory.Flights.Find(hash) is { } flight && flight.TryAwait(cache))
        {
            database.Counters[loop.Loop.Index].Joined++;
            loop.Hold(cache, Stopwatch.GetTimestamp() + cache.LongestWait, flight);
            return CacheDecision.Held;
        }

        statement.Misses++;
        cache.Fill = !verify && !statement.IsWorthStoring()
            ? null
            : Begin(cache, mode, statement, batch, content, key, hash, verify);
        return Pass(cache, CacheResult.Miss);
    }

    /// <summary>Notes the state before the query is sent: all versions first, then whether all are confirmed.</summary>
    private Fill? Begin(
        ClientCache cache, CacheMode mode, CachedStatement statement, in ClientBatch batch, ReadOnlySpan<byte> content,
        ReadOnlySpan<byte> key, ulong hash, bool verify)
    {
        DatabaseCache database = cache.Database;
        Freshness freshness = database.Freshness;
        long invalidations = statement.Invalidations;
        ReadOnlySpan<VersionCell> cells = _dependencies.Read(statement, batch, content);
        bool stamped = freshness.TryStamp(cells, out ResultStamp stamp)
            && statement.IsTracked
            && stamp.SchemaVersion == statement.SchemaVersion
            && freshness.AllConfirmed(cells);
        if (!stamped && mode != CacheMode.Bounded)
        {
            database.Counters[loop.Loop.Index].Unconfirmed++;
            freshness.Pulses.Want(freshness.Pulses.Next, urgent: false); // so that the next one finds them confirmed
            return null;
        }

        var fill = new Fill(statement, database, key, hash, loop.Directory.Settings.MaxResultBytes)
        {
            Cells = cells.ToArray(),
            Stamp = stamp,
            IsStamped = stamped,
            Invalidations = invalidations,
            IsVerification = verify,
        };
        loop.Directory.Flights.Add(fill);
        return fill;
    }

    private CacheDecision Pass(ClientCache cache, CacheResult result)
    {
        cache.Database.Counters[loop.Loop.Index].Count(result);
        cache.IsCounted = true;
        return CacheDecision.Pass;
    }

    private static CachedStatement? Known(
        ClientCache cache, CacheContext context, bool isSimple, ReadOnlySpan<byte> content)
    {
        int end = isSimple ? content.Length : content.IndexOf((byte)0);
        return end < 0 ? null : cache.Database.Statements.FindKnown(context, content[..end]);
    }

    private static StatementEntry? FindEntry(ClientSession client, ReadOnlySpan<byte> name)
    {
        ClientStatements? statements = client.State.Statements;
        StatementEntry? entry = name.IsEmpty ? statements?.Unnamed : statements?.Find(name)?.Entry;
        return entry is { IsKept: true } ? entry : null;
    }

    /// <summary>A named Parse can be answered here when the name is free and names are shared.</summary>
    private static bool MayParse(ClientSession client, ReadOnlySpan<byte> name) =>
        name.IsEmpty
        || (client.Pool!.Settings.MaxPreparedStatements > 0
            && client.State.Statements?.Find(name) is null
            && (client.State.Statements?.Count ?? 0) < client.Proxy.Snapshot.MaxClientPreparedStatements);

    private ReadOnlySpan<byte> WriteKey(CacheContext context, in ClientBatch batch, ReadOnlySpan<byte> content)
    {
        byte[] buffer = loop.KeyBuffer;
        BinaryPrimitives.WriteInt32LittleEndian(buffer, context.Number);
        BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(4), batch.IsSimple ? ~content.Length : content.Length);
        content.CopyTo(buffer.AsSpan(8));
        batch.Arguments.CopyTo(buffer.AsSpan(8 + content.Length));
        return buffer.AsSpan(0, 8 + content.Length + batch.Arguments.Length);
    }
}
