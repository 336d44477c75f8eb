using System.Globalization;
using Freshet.Core.Consistency;
using Freshet.Server.Feed.Connection;

namespace Freshet.Server.Feed.Pulse;

/// <summary>
/// The connection that asks the primary for its snapshot and insert position. One thread asks; <see cref="Abort"/>
/// may come from any.
/// </summary>
internal sealed class PulseConnection : IDisposable
{
    /// <summary>Since 17 a message outside of a transaction can flush the log: it takes no transaction number.
    /// </summary>
    private const int FirstWithFlushingMessages = 170_000;

    private const string PulseQuery =
        "SELECT pg_catalog.pg_current_snapshot(), pg_catalog.pg_current_wal_insert_lsn()";

    private readonly BackendConnection _connection;

    private PulseConnection(BackendConnection connection) => _connection = connection;

    /// <summary>Connects and sees that it speaks to the stream's server, and that this is a primary.</summary>
    /// <param name="server">Where and as whom.</param>
    /// <param name="identity">The stream's.</param>
    /// <param name="timeout">For connecting, and for each answer.</param>
    /// <param name="stop">Gives connecting up.</param>
    public static PulseConnection Open(
        FeedServer server, PrimaryIdentity identity, TimeSpan timeout, CancellationToken stop)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["application_name"] = "freshet pulse",
        };
        BackendConnection connection = BackendConnection.Open(server, parameters, timeout, stop);
        try
        {
            connection.ReceiveTimeout = timeout;
            CheckIdentity(connection, identity);

            // Whatever the role or the database sets must neither stop nor delay a pulse. Local: a standby that does
            // not answer must not hang the flush.
            connection.Query(
                "SET synchronous_commit = local; SET statement_timeout = 0; SET lock_timeout = 0;"
                + "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off;"
                + "SET jit = off");
            connection.Prepare("pulse", PulseQuery);
            connection.Prepare("flush", FlushQuery(connection.ServerVersionNumber));
            return new PulseConnection(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public VisibilitySnapshot Ask(out Lsn insertPosition)
    {
        List<string?[]> rows = _connection.Execute("pulse");
        try
        {
            return rows is [[{ } snapshot, { } position]] && Lsn.TryParse(position, out insertPosition)
                ? VisibilitySnapshot.Parse(snapshot)
                : throw FeedException.Violation("its answer to a pulse");
        }
        catch (Exception failure) when (failure is FormatException or OverflowException)
        {
            throw FeedException.Violation("its answer to a pulse");
        }
    }

    /// <summary>Takes a transaction number: whatever has one now has a lower one. A snapshot's
    /// <see cref="VisibilitySnapshot.Next"/> does not tell that: it is the number behind the last one that has ended,
    /// and a transaction that runs may have it or a higher one.</summary>
    public ulong TakeTransactionNumber() =>
        _connection.Query("SELECT pg_catalog.pg_current_xact_id()") is [[{ } number]]
        && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out ulong taken)
            ? taken
            : throw FeedException.Violation("its answer to a query");

    /// <summary>Has the WAL flushed up to a position, unless it is: the server streams only what is flushed, and
    /// records of running or asynchronous transactions may wait.</summary>
    /// <returns>True when something was written for it.</returns>
    public bool Flush(Lsn position) => _connection.Execute("flush", position.ToString()) is [[not null]];

    public void Abort() => _connection.Abort();

    public void Dispose() => _connection.Dispose();

    private static string FlushQuery(int version) =>
        "SELECT CASE WHEN pg_catalog.pg_current_wal_flush_lsn() < $1::pg_catalog.pg_lsn THEN "
        + "pg_catalog.pg_logical_emit_message("
        + (version >= FirstWithFlushingMessages
            ? "false, 'freshet.flush', ''::pg_catalog.text, true) END"
            : "true, 'freshet.flush', ''::pg_catalog.text) END");

    private static void CheckIdentity(BackendConnection connection, PrimaryIdentity identity)
    {
        if (connection.Query(PrimaryIdentity.Query) is not [[var recovery, var system, var timeline]]
            || !PrimaryIdentity.TryParse(recovery, system, timeline, out PrimaryIdentity found))
        {
            throw FeedException.Violation("its answer to a query");
        }

        if (found.IsStandby)
        {
            throw new FeedException(FeedFailure.Lost, "the server is a standby; a feed needs the primary");
        }

        if (found != identity)
        {
            throw new FeedException(
                FeedFailure.Lost, $"the pulse's server ({found}) is not the stream's ({identity})");
        }
    }
}
