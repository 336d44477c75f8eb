using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Freshet.Core.Consistency;
using Freshet.Core.Wire;

namespace Freshet.Server.Feed;

/// <summary>
/// A temporary logical slot and the stream from it. Temporary: when this process ends, however it does, the server
/// drops
/// the slot and retains no log for it. One thread receives; the pulse's thread may <see cref="RequestReply"/>.
/// </summary>
internal sealed class ReplicationStream : IDisposable
{
    private const int DataHeaderBytes = 25, KeepaliveBytes = 18;

    private readonly WireConnection _connection;
    private long _received;

    private ReplicationStream(WireConnection connection) => _connection = connection;

    /// <summary>The commit behind which every commit will be streamed.</summary>
    public Lsn Start { get; private set; }

    public string SystemId { get; private set; } = "";

    public int Timeline { get; private set; }

    /// <summary>Connects and makes the slot. Takes as long as the transactions that are running then.</summary>
    public static ReplicationStream Open(FeedTarget target, Action<ReplicationStream> created)
    {
        var stream = new ReplicationStream(new WireConnection(target));
        created(stream); // so that it can be ended while it waits
        stream._connection.Open(
        [
            ("user", target.User), ("database", target.Database), ("replication", "database"),
            ("application_name", "freshet feed"), ("client_encoding", "UTF8"), ("datestyle", "ISO"),
        ]);
        string[] system = stream.Query("IDENTIFY_SYSTEM");
        stream.SystemId = system[0];
        stream.Timeline = int.Parse(system[1], CultureInfo.InvariantCulture);
        stream._connection.WaitForever();
        string name = "freshet_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        string[] slot = stream.Query(
            $"CREATE_REPLICATION_SLOT \"{name}\" TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT");
        if (!Lsn.TryParse(slot[1], out Lsn start))
        {
            throw new FeedException($"\"{slot[1]}\" is no position of a slot");
        }

        stream.Start = start;
        stream._name = name;
        return stream;
    }

    private string _name = "";

    public void Begin(string publication)
    {
        string quoted = publication.Replace("\"", "\"\"", StringComparison.Ordinal)
            .Replace("'", "''", StringComparison.Ordinal);
        SendQuery(
            $"START_REPLICATION SLOT \"{_name}\" LOGICAL {Start} "
            + $"(proto_version '1', publication_names '\"{quoted}\"', messages 'true')");
        _connection.Receive(out byte type);
        if (type != BackendMessage.CopyBothResponse)
        {
            throw new FeedException($"the server answers START_REPLICATION with '{(char)type}'");
        }
    }

    /// <summary>Waits for the next piece: a logical message, or a keepalive (empty).</summary>
    /// <param name="position">A keepalive's: everything up to here has been streamed.</param>
    public ReadOnlySpan<byte> Receive(out Lsn position)
    {
        while (true)
        {
            ReadOnlySpan<byte> body = _connection.Receive(out byte type);
            if (type != BackendMessage.CopyData || body.IsEmpty)
            {
                throw new FeedException($"the server ends the stream with '{(char)type}'");
            }

            switch ((char)body[0])
            {
                case 'w' when body.Length >= DataHeaderBytes:
                    position = new Lsn(BinaryPrimitives.ReadUInt64BigEndian(body[1..]));
                    return body[DataHeaderBytes..];
                case 'k' when body.Length >= KeepaliveBytes:
                    position = new Lsn(BinaryPrimitives.ReadUInt64BigEndian(body[1..]));
                    if (body[17] != 0)
                    {
                        SendStatus(replyRequested: false);
                    }

                    return [];
            }
        }
    }

    /// <summary>Noted: the server may forget the log up to here.</summary>
    public void Confirm(Lsn position) => Volatile.Write(ref _received, (long)position.Value);

    /// <summary>Asks for a keepalive at once.</summary>
    public void RequestReply() => SendStatus(replyRequested: true);

    public void SendStatus(bool replyRequested)
    {
        Span<byte> message = stackalloc byte[39];
        message[0] = FrontendMessage.CopyData;
        BinaryPrimitives.WriteInt32BigEndian(message[1..], 38);
        message[5] = (byte)'r';
        long received = Volatile.Read(ref _received);
        BinaryPrimitives.WriteInt64BigEndian(message[6..], received);
        BinaryPrimitives.WriteInt64BigEndian(message[14..], received);
        BinaryPrimitives.WriteInt64BigEndian(message[22..], received);
        BinaryPrimitives.WriteInt64BigEndian(message[30..], MicrosecondsSince2000());
        message[38] = replyRequested ? (byte)1 : (byte)0;
        _connection.Send(message);
    }

    public void Dispose() => _connection.Dispose();

    private static long MicrosecondsSince2000() =>
        (TimeProvider.System.GetUtcNow() - new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero)).Ticks / 10;

    private void SendQuery(string text) =>
        _connection.Send(new MessageWriter().Begin(FrontendMessage.Query).CString(text).End().Written);

    /// <summary>The columns of the one row that answers a replication command.</summary>
    private string[] Query(string text)
    {
        SendQuery(text);
        string[] row = [];
        while (true)
        {
            ReadOnlySpan<byte> body = _connection.Receive(out byte type);
            if (type == BackendMessage.ReadyForQuery)
            {
                return row.Length > 1 ? row : throw new FeedException($"no answer to {text}");
            }

            if (type == BackendMessage.DataRow)
            {
                row = ReadRow(body);
            }
        }
    }

    private static string[] ReadRow(ReadOnlySpan<byte> body)
    {
        var reader = new MessageReader(body);
        if (!reader.TryInt16(out short count) || count is < 0 or > 100)
        {
            throw new FeedException("the server sends a row that is none");
        }

        var row = new string[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> value = default;
            if (!reader.TryInt32(out int length) || (length >= 0 && !reader.TryBytes(length, out value)))
            {
                throw new FeedException("the server sends a row that is none");
            }

            row[i] = Encoding.UTF8.GetString(value);
        }

        return row;
    }
}
