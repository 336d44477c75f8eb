using System.Net.Sockets;

namespace Freshet.Tests.Integration.Wire;

/// <summary>
/// A PostgreSQL client that knows nothing better: it sends the bytes it is given and writes down every message that
/// comes back. It logs in by trust only. One test owns it; blocking, one thread.
/// </summary>
internal sealed class WireClient : IDisposable
{
    private readonly WireStream _stream;
    private readonly List<WireMessage> _received = [];
    private readonly Dictionary<string, string> _parameters = new(StringComparer.Ordinal);

    private WireClient(WireStream stream) => _stream = stream;

    /// <summary>Where the messages received are noted; several clients may share one.</summary>
    public Transcript Transcript { get; set; } = new();

    /// <summary>This client's name in a shared transcript.</summary>
    public string Name { get; init; } = "";

    public IReadOnlyList<WireMessage> Received => _received;

    /// <summary>What ParameterStatus has said last.</summary>
    public IReadOnlyDictionary<string, string> Parameters => _parameters;

    public int ProcessId { get; private set; }

    public byte[] SecretKey { get; private set; } = [];

    /// <summary>Longest wait of a read from now on, in place of <see cref="WireStream.Patience"/>.</summary>
    public TimeSpan ReadLimit
    {
        set => _stream.ReadLimit = value;
    }

    public int PacketBytes
    {
        get => _stream.PacketBytes;
        set => _stream.PacketBytes = value;
    }

    /// <summary>Connects and sends nothing.</summary>
    public static WireClient Connect(string host, int port, string name = "")
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(host, port);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }

        return new WireClient(new WireStream(socket)) { Name = name };
    }

    /// <summary>Sends a StartupMessage and reads up to ReadyForQuery. The transcript starts after it.</summary>
    public WireClient Login(string user, string database, params (string Name, string Value)[] parameters)
    {
        Send(Frontend.StartupMessage(Frontend.Version30, [("user", user), ("database", database), .. parameters]));
        var noted = Transcript;
        Transcript = new Transcript();
        ReadUntilReady();
        Transcript = noted;
        return this;
    }

    public void Send(params byte[][] messages) => _stream.Write(messages);

    /// <summary>Reads one message and notes it.</summary>
    public WireMessage Read() =>
        TryRead() ?? throw new EndOfStreamException($"{Name}: the peer closed; so far:\n{Transcript}");

    /// <summary>As <see cref="Read"/>; null, noted as such, when the peer has closed.</summary>
    public WireMessage? TryRead()
    {
        WireMessage? message;
        try
        {
            message = _stream.TryRead();
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"{Name}: {exception.Message}; so far:\n{Transcript}", exception);
        }

        if (message is null || !IsRepeated(message))
        {
            Transcript.Note(Name, message?.ToString() ?? "closed");
        }

        if (message?.Type is 'K')
        {
            ProcessId = message.Int32(0);
            SecretKey = message.Body[4..];
        }

        if (message is not null)
        {
            _received.Add(message);
        }

        return message;
    }

    public WireMessage ReadUntil(char type)
    {
        while (true)
        {
            var message = Read();
            if (message.Type == type)
            {
                return message;
            }
        }
    }

    /// <summary>Reads up to that many ReadyForQuery; gives the last one's status.</summary>
    public char ReadUntilReady(int count = 1)
    {
        var status = '?';
        for (; count > 0; count--)
        {
            status = (char)ReadUntil('Z').Body[0];
        }

        return status;
    }

    /// <summary>Reads until the peer closes; gives the last message.</summary>
    public WireMessage? ReadUntilClosed()
    {
        WireMessage? last = null;
        while (TryRead() is { } message)
        {
            last = message;
        }

        return last;
    }

    public char? ReadByte() => _stream.TryReadByte();

    /// <summary>Sends a simple query and reads up to ReadyForQuery; gives the first value of the first row.</summary>
    public string? Query(string sql)
    {
        var before = _received.Count;
        Send(Frontend.Query(sql));
        ReadUntilReady();
        return _received.Skip(before).FirstOrDefault(message => message.Type is 'D')?.Row()[0];
    }

    /// <summary>Sends these messages and a Sync, and reads up to ReadyForQuery.</summary>
    public char Batch(params byte[][] messages)
    {
        Send([.. messages, Frontend.Sync()]);
        return ReadUntilReady();
    }

    /// <summary>Whether nothing comes for that long. For what must not happen; keep it short.</summary>
    public bool IsSilentFor(TimeSpan time) => !_stream.Poll(time);

    public void EndSending() => _stream.EndSending();

    public void Abort() => _stream.Abort();

    public void Dispose() => _stream.Dispose();

    /// <summary>A ParameterStatus that tells nothing new may come at any time and is not noted.</summary>
    private bool IsRepeated(WireMessage message)
    {
        if (message.Type is not 'S')
        {
            return false;
        }

        var pair = message.Strings(0, 2);
        var isKnown = _parameters.TryGetValue(pair[0], out var known);
        _parameters[pair[0]] = pair[1];
        return isKnown && string.Equals(known, pair[1], StringComparison.Ordinal);
    }
}
