using System.Collections.Immutable;
using Freshet.Core.Consistency;
using Freshet.Server.Feed.Publications;
using Npgsql;

namespace Freshet.Server.Feed.Schema;

/// <summary>
/// Looks for changed definitions and rights: at each interval, and at once when <see cref="LookNow"/> is called. After
/// a change the schema version goes up, the publication is brought up to date, the catalog is read again, and the
/// schema version goes up once more: the first makes what was stored before unreachable at once, the second what was
/// analysed with the old picture of the catalog. One per stream, on the thread pool; <see cref="LookNow"/> from any
/// thread.
/// </summary>
internal sealed class SchemaWatch : IAsyncDisposable
{
    // Whatever the role or the database sets.
    private const string Settings = "SET default_transaction_isolation = 'read committed';"
        + "SET default_transaction_read_only = off";

    private readonly FeedOptions _options;
    private readonly NpgsqlConnection _connection;
    private readonly Freshness _freshness;
    private readonly PublicationKeeper _keeper;
    private readonly TrackedTables _tables;
    private readonly SemaphoreSlim _look = new(0);
    private string _fingerprint = "";
    private int _asked;

    private SchemaWatch(
        FeedOptions options, NpgsqlConnection connection, int version, Freshness freshness, TrackedTables tables)
    {
        _options = options;
        _connection = connection;
        _freshness = freshness;
        _tables = tables;
        _keeper = new PublicationKeeper(options, version);
    }

    /// <summary>Whose definitions it reads.</summary>
    public PrimaryIdentity Primary { get; private init; }

    /// <summary>Connects, sees whether a stream is possible, brings the publication up to date and has the catalog
    /// read.</summary>
    /// <exception cref="FeedException">Unavailable, or the connection failed.</exception>
    public static async Task<SchemaWatch> StartAsync(
        FeedOptions options, Freshness freshness, TrackedTables tables, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(options.Server.ConnectionString(options.ConnectTimeout));
        try
        {
            await connection.OpenAsync(cancellation);
            await using (var settings = new NpgsqlCommand(Settings, connection))
            {
                await settings.ExecuteNonQueryAsync(cancellation);
            }

            PrimaryIdentity primary = await PrimaryQuestion.AskAsync(connection, cancellation);
            int version = await FeedRequirements.CheckAsync(connection, options, cancellation);
            var watch = new SchemaWatch(options, connection, version, freshness, tables) { Primary = primary };

            // The fingerprint first: what changes while the rest is read is found by the first look.
            watch._fingerprint = await watch.ReadFingerprintAsync(cancellation);
            tables.Begin(await watch.KeepAsync(cancellation), version);
            if (options.ReadCatalog is { } read)
            {
                await read(connection, cancellation);
            }

            return watch;
        }
        catch (Exception failure)
        {
            await connection.DisposeAsync();
            throw AsFeedException(failure, options);
        }
    }

    /// <summary>Somebody told of a change.</summary>
    public void LookNow()
    {
        if (Interlocked.Exchange(ref _asked, 1) == 0)
        {
            _look.Release();
        }
    }

    /// <summary>Looks until cancelled or until a <see cref="FeedException"/>.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                bool isTold = await _look.WaitAsync(_options.SchemaPollInterval, cancellation);
                if (isTold)
                {
                    Volatile.Write(ref _asked, 0);
                }

                string fingerprint = await ReadFingerprintAsync(cancellation);
                bool differs = !string.Equals(fingerprint, _fingerprint, StringComparison.Ordinal);
                if (isTold || differs || _tables.HasFailures)
                {
                    await ReadAgainAsync(isTold || differs, cancellation);
                    _fingerprint = fingerprint;
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }
        catch (Exception failure)
        {
            throw AsFeedException(failure, _options);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        _look.Dispose();
    }

    private async Task ReadAgainAsync(bool isChanged, CancellationToken cancellation)
    {
        if (isChanged)
        {
            _freshness.SchemaChanged();
        }

        _tables.Change(await KeepAsync(cancellation));
        if (isChanged)
        {
            if (_options.ReadCatalog is { } read)
            {
                await read(_connection, cancellation);
            }

            _freshness.SchemaChanged();
        }
    }

    private async Task<string> ReadFingerprintAsync(CancellationToken cancellation) =>
        await _options.ReadFingerprint(_connection, cancellation)
        + ' ' + await _keeper.ReadFingerprintAsync(_connection, cancellation);

    private Task<PublicationState> KeepAsync(CancellationToken cancellation) =>
        _keeper.KeepAsync(_connection, removed => _tables.Untrack(removed.Select(table => table.Id)), cancellation);

    private static Exception AsFeedException(Exception failure, FeedOptions options) => failure switch
    {
        OperationCanceledException or FeedException => failure,
        PostgresException refusal => new FeedException(
            FeedFailure.Refused, $"{options.Server.Target}: {refusal.MessageText}", refusal.SqlState),
        NpgsqlException or IOException or TimeoutException or System.Net.Sockets.SocketException =>
            new FeedException(
                FeedFailure.Lost,
                $"the catalog cannot be read: {(failure.InnerException ?? failure).Message}", failure),
        _ => failure,
    };
}
