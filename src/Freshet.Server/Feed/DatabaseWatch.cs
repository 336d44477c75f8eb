using Freshet.Core.Catalog;
using Freshet.Core.Consistency;
using Freshet.Core.Policy;
using Freshet.Core.Sql.Analysis;
using Freshet.Server.Catalog;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Settings;
using Npgsql;

namespace Freshet.Server.Feed;

/// <summary>
/// Keeps what the cache knows of one database: reads its definitions whenever the schema version has moved, and runs
/// the feed, which moves it. Where no feed runs it looks for changed definitions itself. While it cannot read them,
/// nothing that asks for versions is cached.
/// </summary>
internal sealed class DatabaseWatch : IAsyncDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly DatabaseCache _database;
    private readonly FeedServer _server;
    private readonly IProxyLog _log;
    private readonly RuleCheck _rules;
    private readonly Lock _starting = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _changed = new(0, 1);
    private volatile DatabaseFeed? _feed;
    private Task _watching = Task.CompletedTask;

    public DatabaseWatch(DatabaseCache database, FeedServer server, IProxyLog log)
    {
        _database = database;
        _server = server;
        _log = log;
        _rules = new RuleCheck(database, log);
        database.Freshness.Primary.Following = Wake; // the definitions' connection may have to move
    }

    public DatabaseCache Database => _database;

    /// <summary>Null where nothing but bounded mode is asked for, which needs no feed.</summary>
    public FeedStatus? Status => _feed?.Status;

    public void Start()
    {
        SettingsChanged();
        _watching = Task.Run(() => WatchAsync(_stop.Token));
    }

    /// <summary>Begins to follow the database when its mode, a rule or a profile asks for it. Once begun it goes on:
    /// another mode may be asked for again.</summary>
    public void SettingsChanged()
    {
        DatabaseCacheSnapshot settings = _database.Settings;
        lock (_starting)
        {
            if (_feed is null && settings.NeedsFeed && !_stop.IsCancellationRequested)
            {
                _feed = new DatabaseFeed(OptionsFrom(settings), _database.Freshness, _log)
                {
                    StateChanged = OnFeedState,
                };
                _feed.Start();
            }
        }

        _rules.Check();
    }

    /// <summary>The schema version has moved, or the feed comes from another server: definitions may have to be read
    /// again. From any thread, without waiting.</summary>
    public void Wake()
    {
        if (_changed.CurrentCount == 0)
        {
            try
            {
                _changed.Release();
            }
            catch (SemaphoreFullException)
            {
                // Somebody else told at the same moment.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        DatabaseFeed? feed;
        lock (_starting)
        {
            feed = _feed;
        }

        if (feed is not null)
        {
            await feed.DisposeAsync();
        }

        try
        {
            await _watching;
        }
        catch (OperationCanceledException)
        {
            // as it was asked to
        }

        _stop.Dispose();
        _changed.Dispose();
    }

    private FeedOptions OptionsFrom(DatabaseCacheSnapshot settings) =>
        new()
        {
            Server = _server,
            Publication = settings.Publication,
            MaxStaleness = settings.MaxStaleness,
            SchemaPollInterval = settings.SchemaPollInterval,
            ReadFingerprint = CatalogFingerprint.ReadAsync,
            KeyHasher = static (uint type, ReadOnlySpan<byte> value, out ulong hash) =>
                KeyHash.TryHash(type, 0, value, 0, out hash),
        };

    private async Task WatchAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(
                    _server.ConnectionString(connectTimeout: TimeSpan.FromSeconds(15)));
                await connection.OpenAsync(cancellation);
                await JoinAndFollowAsync(connection, cancellation);
            }
            catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException
                or System.Net.Sockets.SocketException)
            {
                _log.Write(
                    ProxyLogLevel.Warning, $"cache {_database.Name}: definitions cannot be read: {failure.Message}");
            }

            await Task.Delay(RetryPause, cancellation);
        }
    }

    private async Task JoinAndFollowAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        PrimaryIdentity primary = await AskPrimaryAsync(connection, cancellation);
        using PrimaryMembership membership = _database.Freshness.Primary.Join(primary);
        await FollowAsync(connection, membership, cancellation);
    }

    /// <summary>The default where the role may not ask: only a feed needs to know, and says so.</summary>
    private static async Task<PrimaryIdentity> AskPrimaryAsync(
        NpgsqlConnection connection, CancellationToken cancellation)
    {
        try
        {
            return await PrimaryQuestion.AskAsync(connection, cancellation);
        }
        catch (PostgresException)
        {
            return default;
        }
    }

    /// <summary>Until cancelled, or the connection leads elsewhere than the feed's.</summary>
    private async Task FollowAsync(
        NpgsqlConnection connection, PrimaryMembership membership, CancellationToken cancellation)
    {
        string? known = null;
        while (!membership.IsElsewhere)
        {
            // The version first: what changes while the definitions are read must count as newer than they.
            long version = _database.Freshness.SchemaVersion;
            if (_database.Feed == FeedAvailability.Running)
            {
                known = null; // the feed looks
            }
            else
            {
                string fingerprint = await CatalogFingerprint.ReadAsync(connection, cancellation);
                if (known is not null && !string.Equals(fingerprint, known, StringComparison.Ordinal)
                    && version == _database.Catalog?.SchemaVersion)
                {
                    _database.Freshness.SchemaChanged();
                    version = _database.Freshness.SchemaVersion;
                }

                known = fingerprint;
            }

            if (_database.Catalog?.SchemaVersion != version)
            {
                _database.Catalog = await CatalogReader.ReadAsync(
                    connection, version, _database.Settings.TrustedFunctions, cancellation);
                _rules.Check();
            }

            await _changed.WaitAsync(_database.Settings.SchemaPollInterval, cancellation);
        }
    }

    private void OnFeedState(FeedState state, FeedException? failure)
    {
        // Only what somebody has to repair: a stream that was cut off is no reason to serve by age.
        bool forbidden = state == FeedState.Unavailable || failure?.SqlState is "42501" or "28000" or "28P01";
        FeedAvailability before = _database.Feed;
        _database.Feed = forbidden ? FeedAvailability.Unavailable
            : state == FeedState.Live ? FeedAvailability.Running
            : before == FeedAvailability.Unavailable ? before // until it is known to be otherwise
            : FeedAvailability.Starting;
        if (forbidden && before != FeedAvailability.Unavailable)
        {
            string fallback = _database.Settings.Fallback.ToString().ToLowerInvariant();
            string wanted = _database.Settings.Mode is CacheMode.Session or CacheMode.Strict
                ? _database.Settings.Mode.ToString().ToLowerInvariant()
                : "what rules and profiles ask for";
            _log.Write(
                ProxyLogLevel.Error,
                $"cache {_database.Name}: changes cannot be followed, so the mode is {fallback} instead of {wanted}: "
                + $"{failure?.Message}. {failure?.Repair} (freshet check tells all that is missing)");
        }
    }
}
