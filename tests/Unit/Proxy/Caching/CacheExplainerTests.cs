using System.Text;
using Freshet.Core.Cache;
using Freshet.Core.Catalog;
using Freshet.Core.Consistency;
using Freshet.Core.Policy;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.State;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Caching;

/// <summary>What explain says of a statement in each state of its database.</summary>
public sealed class CacheExplainerTests : IDisposable
{
    private const uint Items = 1, Logs = 2;
    private const string ByKey = "/* freshet: tags=games profile=p key=p:1 nonsense */ select n from item where id = 1";

    private readonly CacheDirectory _directory = new(new CacheSnapshot { SizeBytes = 1 << 20 }, 1);
    private readonly DatabaseCache _database;

    public CacheExplainerTests()
    {
        _database = new DatabaseCache(_directory, "host:1", "shop", new DatabaseCacheSnapshot());
        _database.Freshness.Open(new Lsn(100));
        _database.Freshness.Track(new RelationId(Items));
        _database.Freshness.GoLive();
        var pulse = _database.Freshness.Pulses.Begin(out var epoch);
        _database.Freshness.Pulses.End(pulse, epoch, new Lsn(100), VisibilitySnapshot.Parse("10:10:"));
        _database.Feed = FeedAvailability.Running;
        _database.Catalog = new CatalogSnapshot(
            new CatalogRows
            {
                Relations =
                [
                    new()
                    {
                        Oid = Items, Schema = "public", Name = "item", Kind = 'r', HasIdentity = true, KeyColumn = "id",
                        KeyType = 23, KeyIsDeterministic = true,
                        Columns = new Dictionary<string, uint>(StringComparer.Ordinal) { ["id"] = 23, ["n"] = 23 },
                    },
                    new() { Oid = Logs, Schema = "public", Name = "log", Kind = 'r', Persistence = 'u' },
                ],
                Functions = [new("pg_catalog", "now", 's', 'f', "internal", true, false)],
            },
            0, []);
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_cacheable_statement_is_told_with_what_it_depends_on_and_how_it_is_cached()
    {
        var settings = SettingsSet.Empty.With("search_path", "public").With("application_name", "x");
        var told = await ExplainAsync(ByKey, "app", settings);
        Assert.True(told.IsCacheable, told.Detail);
        Assert.Equal((CacheMode.Session, CacheMode.Session, null), (told.ModeWanted, told.ModeInForce, told.ModeNote));
        Assert.Equal("public.item, rows by id, version 0/64", Assert.Single(told.Tables).ToString());
        Assert.Equal([("user", "app"), ("search_path", "public")], told.KeySettings);
        Assert.Equal((null, "p:1"), (told.Policy.Profile, told.Policy.Key));
        Assert.Equal(["games"], told.Policy.Tags);
        Assert.Equal(["nonsense", "profile=p (there is no such profile)"], told.HintErrors);
        Assert.Equal("select n from item where id = $1", told.Normalized);
        Assert.Equal((0, 0L, 0L, 0), (told.Statements, told.Hits, told.Misses, told.Results));
        Assert.Null(told.InvalidatedBy);
        Assert.Equal(0, _database.Statements.Count);
    }

    [Theory]
    [InlineData("select now()", "Volatile", "now() is not IMMUTABLE")]
    [InlineData("select * from log", "Uncacheable", "only mode bounded can cache it")]
    [InlineData("/* freshet: cache=off */ select 1", "Disabled", "the mode in force is off")]
    [InlineData("select 1; select 2", "MultipleStatements", "more than one statement")]
    [InlineData("delete from item", "NotAQuery", "it begins with delete")]
    [InlineData("select 'open", "ParseError", "not SQL")]
    [InlineData("select freshet.invalidate_all()", "NotAQuery", "Freshet answers it itself")]
    [InlineData("", "NotAQuery", "there is no statement")]
    public async Task What_keeps_a_statement_from_being_cached_is_said_as_it_is_counted(
        string sql, string counted, string reason)
    {
        var told = await ExplainAsync(sql);
        Assert.False(told.IsCacheable);
        Assert.Equal(counted, told.CountedAs.ToString());
        Assert.Contains(reason, told.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_state_of_the_feed_shows_in_the_mode_and_in_the_reason()
    {
        _database.Feed = FeedAvailability.Unavailable;
        var told = await ExplainAsync("select 1");
        Assert.Equal((CacheMode.Session, CacheMode.Bounded), (told.ModeWanted, told.ModeInForce));
        Assert.Contains("cache.fallback", told.ModeNote, StringComparison.Ordinal);
        _database.Feed = FeedAvailability.Starting;
        _database.Freshness.Break();
        told = await ExplainAsync("select 1");
        Assert.Contains("not being followed", told.Detail, StringComparison.Ordinal);
        _database.Freshness.SchemaChanged();
        told = await ExplainAsync("select 1");
        Assert.Contains("definitions are being read", told.Detail, StringComparison.Ordinal);
        _database.Catalog = null;
        told = await ExplainAsync("select 1");
        Assert.Contains("definitions are being read", told.Detail, StringComparison.Ordinal);
        told = await ExplainAsync("select 1", settings: SettingsSet.Empty.With("client_encoding", "SJIS"));
        Assert.Contains("client_encoding", told.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Counters_results_invalidations_and_changes_are_those_of_the_fingerprint()
    {
        var (one, two) = (Analyse(ByKey), Analyse(ByKey.Replace("id = 1", "id = 2", StringComparison.Ordinal)));
        one.Hits = 3;
        two.Misses = 2;
        Store(one, "a");
        Store(two, "b");
        var told = await ExplainAsync(ByKey);
        Assert.Equal((2, 3L, 2L, 2), (told.Statements, told.Hits, told.Misses, told.Results));
        Assert.True(told.NewestAge < TimeSpan.FromMinutes(1));

        _database.Policies.ClassOf("", "").For(one);
        Assert.Null(_database.Invalidator.Run(new Invalidation(InvalidationKind.Tag, "games"), out var statements));
        _database.Freshness.Commit(
            new TransactionId(11), new Lsn(200),
            [new TableChange(_database.Freshness.Table(new RelationId(Items)), 0, true)]);
        told = await ExplainAsync(ByKey);
        Assert.Equal(1, statements);
        Assert.Equal(1, told.Results);
        Assert.Equal("tag games", told.InvalidatedBy);
        Assert.Equal(("public.item", new Lsn(200)), (told.LastChanged!.Name, told.LastChanged.Version));
    }

    [Fact]
    public async Task However_long_the_parts_of_a_statement_are_the_answer_is_bounded()
    {
        var words = string.Join(' ', Enumerable.Range(0, 2_000).Select(i => $"w{i}"));
        var told = await ExplainAsync(
            $"/* freshet: tags={new string('t', 5_000)} {words} */ select '{new string('x', 20_000)}'"
            + string.Concat(Enumerable.Repeat(", abcdefgh", 1_000)),
            settings: SettingsSet.Of(Enumerable.Range(0, 90).Select(i =>
                KeyValuePair.Create($"app.s{i}", new string('v', 9_000)))));
        Assert.InRange(told.Lines().Sum(line => line.Item.Length + line.Value.Length), 100, 250_000);
        Assert.All(told.Lines(), line => Assert.InRange(line.Value.Length, 0, 60_000));
    }

    private Task<CacheExplanation> ExplainAsync(string sql, string user = "", SettingsSet? settings = null) =>
        _database.Explainer.ExplainAsync(
            user, settings ?? SettingsSet.Empty, Encoding.UTF8.GetBytes(sql), TestContext.Current.CancellationToken);

    private CachedStatement Analyse(string sql)
    {
        var context = new CacheContext(1, _database, "", SettingsSet.Empty);
        return _database.Statements.Find(context, Encoding.UTF8.GetBytes(sql), null, 0)!;
    }

    private void Store(CachedStatement statement, string key)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        var header = new ResultHeader
        {
            StatementNumber = statement.Number,
            StoredAt = System.Diagnostics.Stopwatch.GetTimestamp(),
        };
        Assert.True(_directory.Store.Put(ResultHash.Compute(bytes), bytes, header, bytes));
    }
}
