using Freshet.Core.Catalog;
using Freshet.Core.Policy;
using Freshet.Core.Consistency;
using Freshet.Server.Catalog;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Settings;
using Npgsql;

namespace Freshet.Server.Feed;

/// <summary>
/// Keeps what the cache knows of one database: reads its definitions, looks for changes of them at an interval and at
/// once when the stream or a client's DDL tells, and runs the feed. While it cannot look, nothing that asks for
/// versions
/// is cached.
/// </summary>
internal sealed class DatabaseWatch : IAsyncDisposable
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly DatabaseCache _database;
    private readonly FeedTarget _target;
    private readonly IProxyLog _log;
    private readonly Lock _starting = new();
    private volatile Feed? _feed;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _changed = new(0, 1);
    private Task _watching = Task.CompletedTask;

    public DatabaseWatch(DatabaseCache database, FeedTarget target, IProxyLog log)
    {
        _database = database;
        _target = target;
        _log = log;
    }

    public DatabaseCache Database => _database;

    /// <summary>Null in bounded mode, which needs none.</summary>
    public FeedStatus? Status => _feed?.Status;

    public void Start()
    {
        SettingsChanged();
        _watching = Task.Run(() => WatchAsync(_stop.Token));
    }

    /// <summary>Begins to follow the database when its mode asks for it. Once begun it goes on: another mode may be
    /// asked for again.</summary>
    public void SettingsChanged()
    {
        DatabaseCacheSnapshot settings = _database.Settings;
        lock (_starting)
        {
            bool wanted = settings.Mode is CacheMode.Session or CacheMode.Strict;
            if (_feed is null && wanted && !_stop.IsCancellationRequested)
            {
                _feed = new Feed(_target, _database.Freshness, settings.Publication, settings.MaxStaleness)
                {
                    StateChanged = OnFeedState,
                };
                _feed.Start();
            }
        }
    }

    /// <summary>Definitions have changed: they are read again. From any thread, without waiting.</summary>
    public void SchemaChanged()
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
        _feed?.Dispose();
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

    private async Task WatchAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(_target.ConnectionString());
                await connection.OpenAsync(cancellation);
                await FollowAsync(connection, cancellation);
            }
            catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException
                or System.Net.Sockets.SocketException)
            {
                _log.Write(
                    ProxyLogLevel.Warning, $"cache {_database.Name}: definitions cannot be read: {failure.Message}");
                // By age results are served whatever the definitions are; they may have to bridge this very failure.
                if (_feed is not null && _database.Feed != FeedAvailability.Unavailable)
                {
                    _database.Freshness.SchemaChanged();
                }
            }

            await Task.Delay(RetryPause, cancellation);
        }
    }

    private async Task FollowAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        string? known = null;
        while (true)
        {
            // The version first: what changes while the definitions are read must count as newer than they.
            long version = _database.Freshness.SchemaVersion;
            string fingerprint = await CatalogFingerprint.ReadAsync(connection, cancellation);
            if (known is not null && !string.Equals(fingerprint, known, StringComparison.Ordinal)
                && version == _database.Catalog?.SchemaVersion)
            {
                _database.Freshness.SchemaChanged();
                version = _database.Freshness.SchemaVersion;
            }

            if (_database.Catalog?.SchemaVersion != version)
            {
                CatalogSnapshot catalog = await CatalogReader.ReadAsync(
                    connection, version, _database.Settings.TrustedFunctions, cancellation);
                // Read again behind the definitions: what changed in between shows at the next look.
                _database.Catalog = catalog;
                _feed?.TablesChanged();
            }

            known = fingerprint;
            await _changed.WaitAsync(_database.Settings.SchemaPollInterval, cancellation);
        }
    }

    private void OnFeedState(FeedState state, string reason)
    {
        _database.Feed = state switch
        {
            FeedState.Live => FeedAvailability.Running,
            FeedState.Unavailable => FeedAvailability.Unavailable,
            _ => FeedAvailability.Starting,
        };
        if (state == FeedState.Live)
        {
            _log.Write(ProxyLogLevel.Information, $"cache {_database.Name}: following the database's changes");
        }
        else if (state == FeedState.Unavailable)
        {
            string fallback = _database.Settings.Fallback.ToString().ToLowerInvariant();
            string wanted = _database.Settings.Mode.ToString().ToLowerInvariant();
            _log.Write(
                ProxyLogLevel.Error,
                $"cache {_database.Name}: changes cannot be followed, so the mode is {fallback} instead of {wanted}: "
                + $"{reason}. freshet check tells what is missing");
        }
        else
        {
            _log.Write(ProxyLogLevel.Warning, $"cache {_database.Name}: the stream is lost: {reason}");
        }
    }
}
