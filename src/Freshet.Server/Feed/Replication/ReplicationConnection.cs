using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Freshet.Core.Consistency;
using Freshet.Core.Wire;
using Freshet.Server.Feed.Connection;

namespace Freshet.Server.Feed.Replication;

/// <summary>
/// A walsender's client. States: ready for commands, then streaming. The stream's thread reads; <see cref="Ask"/> and
/// <see cref="Abort"/> may come from any thread.
/// </summary>
internal sealed class ReplicationConnection : IDisposable
{
    private const int XLogDataHeaderBytes = 1 + 8 + 8 + 8;
    private const int KeepaliveBytes = 1 + 8 + 8 + 1;

    private static readonly DateTimeOffset PostgresEpoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly BackendConnection _connection;
    private long _heardAt = Stopwatch.GetTimestamp();

    private ReplicationConnection(BackendConnection connection) => _connection = connection;

    public int ServerVersionNumber => _connection.ServerVersionNumber;

    /// <summary><see cref="Stopwatch"/> ticks of the last message.</summary>
    public long HeardAt => Volatile.Read(ref _heardAt);

    public static ReplicationConnection Open(FeedServer server, TimeSpan timeout, CancellationToken stop)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["replication"] = "database",
            ["application_name"] = "freshet stream",
        };
        return new ReplicationConnection(BackendConnection.Open(server, parameters, timeout, stop));
    }

    /// <summary>IDENTIFY_SYSTEM.</summary>
    public PrimaryIdentity Identify()
    {
        string?[] row = SingleRow(_connection.Query("IDENTIFY_SYSTEM"), 4);
        return ulong.TryParse(row[0], CultureInfo.InvariantCulture, out ulong system)
            && uint.TryParse(row[1], CultureInfo.InvariantCulture, out uint timeline)
            ? new PrimaryIdentity(system, timeline)
            : throw FeedException.Violation("its answer to IDENTIFY_SYSTEM");
    }

    /// <summary>Makes the temporary slot, under a name of its own. Waits until the transactions have ended that were
    /// running: only from there on the server can tell whole ones.</summary>
    /// <returns>Every commit behind this position will be told.</returns>
    public Lsn CreateSlot(out string slot)
    {
        slot = $"freshet_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        string command = ReplicationCommands.CreateSlot(slot, ServerVersionNumber);
        string?[] row = SingleRow(_connection.Query(command), 2);
        return Lsn.TryParse(row[1], out Lsn position)
            ? position
            : throw FeedException.Violation("its answer to CREATE_REPLICATION_SLOT");
    }

    public void Start(string slot, string publication)
    {
        string command = ReplicationCommands.Start(slot, publication, ServerVersionNumber);
        _connection.Send(new MessageWriter().Begin(FrontendMessage.Query).CString(command).End());
        BackendFrame frame = _connection.ReadAnswer();
        if (frame.Type != BackendMessage.CopyBothResponse)
        {
            throw FeedException.Violation($"message type {frame.Type} in answer to START_REPLICATION");
        }
    }

    /// <summary>Waits for the next message of the stream.</summary>
    public StreamFrame Read()
    {
        BackendFrame frame = _connection.ReadAnswer();
        Volatile.Write(ref _heardAt, Stopwatch.GetTimestamp());
        ReadOnlySpan<byte> body = frame.Body;
        switch (frame.Type)
        {
            case BackendMessage.CopyData when body.Length >= XLogDataHeaderBytes && body[0] == (byte)'w':
                return new StreamFrame(body[XLogDataHeaderBytes..], frame.IsCut);
            case BackendMessage.CopyData when body.Length == KeepaliveBytes && body[0] == (byte)'k':
                return new StreamFrame(
                    new Lsn(BinaryPrimitives.ReadUInt64BigEndian(body[1..])), wantsReply: body[^1] != 0);
            case BackendMessage.CopyDone or BackendMessage.CommandComplete:
                throw new FeedException(FeedFailure.Lost, "the server ended the stream");
            default:
                throw FeedException.Violation($"message type {frame.Type} in the stream");
        }
    }

    /// <summary>Tells how far we are, which frees the server's WAL, and may ask how far the server is: only asked it
    /// tells at once. Any thread.</summary>
    public void Ask(Lsn position, bool wantsReply)
    {
        long now = (TimeProvider.System.GetUtcNow() - PostgresEpoch).Ticks / 10;
        MessageWriter message = new MessageWriter(64).Begin(FrontendMessage.CopyData).Byte((byte)'r');
        for (int i = 0; i < 3; i++)
        {
            Int64(message, (long)position.Value);
        }

        Int64(message, now);
        _connection.Send(message.Byte(wantsReply ? (byte)1 : (byte)0).End());
    }

    public void Abort() => _connection.Abort();

    public void Dispose() => _connection.Dispose();

    private static void Int64(MessageWriter message, long value) =>
        message.Int32((int)(value >> 32)).Int32((int)value);

    private static string?[] SingleRow(List<string?[]> rows, int leastColumns) =>
        rows is [{ } row] && row.Length >= leastColumns
            ? row
            : throw FeedException.Violation($"{rows.Count} rows in answer to a replication command");
}
