using System.Buffers.Binary;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Feed.Connection;

/// <summary>
/// A frontend's end of the protocol on blocking reads: messages in, messages out, simple and prepared queries of few
/// rows. One thread reads; sending takes a lock, so any thread may. Every failure is a <see cref="FeedException"/>.
/// </summary>
internal sealed class BackendConnection : IDisposable
{
    /// <summary>What is kept of one message. A streamed row may have a gigabyte; only its key is looked at, and without
    /// it the whole table counts as touched.</summary>
    internal const int KeptBytes = 1 << 20;

    private const int MostRows = 10_000;

    private readonly Stream _stream;
    private readonly ServerSocket? _socket;
    private readonly Lock _sending = new();
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;
    private long _skip;

    /// <param name="stream">Both directions.</param>
    /// <param name="socket">Its socket; null in tests.</param>
    internal BackendConnection(Stream stream, ServerSocket? socket = null)
    {
        _stream = stream;
        _socket = socket;
    }

    /// <summary>As the server reports it at login: 150019.</summary>
    public int ServerVersionNumber { get; internal set; }

    public bool IsEncrypted => _socket?.IsEncrypted ?? false;

    public TimeSpan ReceiveTimeout
    {
        set => _socket?.ReceiveTimeout = value;
    }

    /// <summary>Connects and logs in, with the attempts that the TLS mode allows.</summary>
    /// <param name="server">Where and as whom.</param>
    /// <param name="parameters">Start-up parameters beside user and database.</param>
    /// <param name="timeout">For connecting and each read of the login; then reads wait without limit.</param>
    /// <param name="stop">Gives connecting up.</param>
    public static BackendConnection Open(
        FeedServer server,
        IReadOnlyDictionary<string, string> parameters,
        TimeSpan timeout,
        CancellationToken stop)
    {
        var (first, second) = server.Tls.Mode switch
        {
            TlsMode.Disable => (Encryption.None, (Encryption?)null),
            TlsMode.Allow => (Encryption.None, Encryption.Required),
            TlsMode.Prefer => (Encryption.IfOffered, Encryption.None),
            _ => (Encryption.Required, null),
        };
        try
        {
            return Attempt(server, first, parameters, timeout, stop);
        }
        catch (FeedException failure)
            when (second is not null && !server.IsUnixSocket && failure.SqlState is SqlState.InvalidAuthorization)
        {
            // pg_hba.conf has no line for this encryption; libpq tries the other one as well.
            return Attempt(server, second.Value, parameters, timeout, stop);
        }
    }

    /// <summary>Waits for the next message of any kind.</summary>
    public BackendFrame Read()
    {
        Discard();
        Need(WireLimits.HeaderBytes);
        byte type = _buffer[_start];
        int length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start + 1)) - 4;
        if (length is < 0 or > WireLimits.LargeMessageBytes)
        {
            throw FeedException.Violation($"a message of type {type} and length {length}");
        }

        int kept = Math.Min(length, KeptBytes);
        Need(WireLimits.HeaderBytes + kept);
        var body = new ReadOnlySpan<byte>(_buffer, _start + WireLimits.HeaderBytes, kept);
        _start += WireLimits.HeaderBytes + kept;
        _skip = length - kept;
        return new BackendFrame(type, body, length > kept);
    }

    /// <summary>The next message that answers something: notices and reported settings are passed over, an error is
    /// thrown.</summary>
    public BackendFrame ReadAnswer()
    {
        while (true)
        {
            BackendFrame frame = Read();
            switch (frame.Type)
            {
                case BackendMessage.NoticeResponse or BackendMessage.ParameterStatus
                    or BackendMessage.NotificationResponse:
                    continue;
                case BackendMessage.ErrorResponse:
                    throw Refusal(frame);
                default:
                    return frame;
            }
        }
    }

    public void Send(MessageWriter messages)
    {
        try
        {
            lock (_sending)
            {
                _stream.Write(messages.Written);
                _stream.Flush();
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            throw new FeedException(FeedFailure.Lost, $"cannot send to the server: {failure.Message}", failure);
        }
    }

    /// <summary>Runs statements by the simple protocol.</summary>
    /// <returns>The rows of all of them, as text.</returns>
    public List<string?[]> Query(string sql)
    {
        Send(new MessageWriter().Begin(FrontendMessage.Query).CString(sql).End());
        return ReadRows();
    }

    public void Prepare(string name, string sql)
    {
        Send(new MessageWriter()
            .Begin(FrontendMessage.Parse).CString(name).CString(sql).Int16(0).End()
            .Begin(FrontendMessage.Sync).End());
        ReadRows();
    }

    /// <summary>Runs a prepared statement; values and results are text.</summary>
    public List<string?[]> Execute(string name, params ReadOnlySpan<string> values)
    {
        MessageWriter messages = new MessageWriter()
            .Begin(FrontendMessage.Bind).CString("").CString(name).Int16(0).Int16((short)values.Length);
        foreach (string value in values)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(value);
            messages.Int32(bytes.Length).Bytes(bytes);
        }

        Send(messages.Int16(0).End()
            .Begin(FrontendMessage.Execute).CString("").Int32(0).End()
            .Begin(FrontendMessage.Sync).End());
        return ReadRows();
    }

    /// <summary>Ends the connection under whoever waits for it. Any thread.</summary>
    public void Abort() => _socket?.Abort();

    public void Dispose()
    {
        _socket?.Dispose();
        _stream.Dispose();
    }

    internal static FeedException Refusal(in BackendFrame frame)
    {
        ErrorFields fields = ErrorFields.Read(frame.Body);
        return new FeedException(FeedFailure.Refused, fields.MessageText, fields.SqlStateText);
    }

    private static BackendConnection Attempt(
        FeedServer server,
        Encryption encryption,
        IReadOnlyDictionary<string, string> parameters,
        TimeSpan timeout,
        CancellationToken stop)
    {
        ServerSocket? socket = null;
        try
        {
            socket = ServerSocket.Open(server, encryption, timeout, stop);
            var connection = new BackendConnection(socket.Stream, socket);
            using (stop.Register(connection.Abort))
            {
                new BackendLogin(connection, server, socket.ChannelBinding).Run(parameters);
            }

            connection.ReceiveTimeout = TimeSpan.Zero;
            return connection;
        }
        catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException)
        {
            socket?.Dispose();
            throw new FeedException(
                FeedFailure.Lost, $"cannot log in at {server.Target}: {failure.Message}", failure);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    private List<string?[]> ReadRows()
    {
        List<string?[]> rows = [];
        FeedException? refusal = null;
        while (true)
        {
            BackendFrame frame = Read();
            switch (frame.Type)
            {
                case BackendMessage.DataRow when rows.Count < MostRows:
                    rows.Add(Row(frame));
                    break;
                case BackendMessage.DataRow:
                    throw FeedException.Violation($"more than {MostRows} rows");
                case BackendMessage.ErrorResponse:
                    refusal ??= Refusal(frame);
                    break;
                case BackendMessage.ReadyForQuery:
                    return refusal is null ? rows : throw refusal;
            }
        }
    }

    private static string?[] Row(in BackendFrame frame)
    {
        var reader = new MessageReader(frame.Body);
        if (frame.IsCut || !reader.TryInt16(out short count) || count < 0)
        {
            throw FeedException.Violation("a malformed row");
        }

        var row = new string?[count];
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryInt32(out int length) || length < -1)
            {
                throw FeedException.Violation("a malformed row");
            }

            if (length >= 0)
            {
                row[i] = reader.TryBytes(length, out ReadOnlySpan<byte> value)
                    ? System.Text.Encoding.UTF8.GetString(value)
                    : throw FeedException.Violation("a malformed row");
            }
        }

        return row;
    }

    private void Discard()
    {
        while (_skip > 0)
        {
            if (_start == _end)
            {
                Fill();
            }

            int here = (int)Math.Min(_skip, _end - _start);
            _start += here;
            _skip -= here;
        }
    }

    private void Need(int count)
    {
        if (_buffer.Length - _start < count)
        {
            byte[] target = _buffer.Length < count ? new byte[Math.Max(count, _buffer.Length * 2)] : _buffer;
            _buffer.AsSpan(_start, _end - _start).CopyTo(target);
            _end -= _start;
            _start = 0;
            _buffer = target;
        }

        while (_end - _start < count)
        {
            Fill();
        }
    }

    private void Fill()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }

        try
        {
            int read = _stream.Read(_buffer, _end, _buffer.Length - _end);
            _end += read > 0
                ? read
                : throw new FeedException(FeedFailure.Lost, "the server closed the connection");
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            throw new FeedException(FeedFailure.Lost, $"cannot read from the server: {failure.Message}", failure);
        }
    }
}
