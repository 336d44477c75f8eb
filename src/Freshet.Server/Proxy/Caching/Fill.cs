using System.Buffers;
using Freshet.Core.Cache;
using Freshet.Core.Consistency;
using Freshet.Core.Wire;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// A result on its way from a server into the store. States: capturing (its query is at the server, the answer's
/// messages are taken down as they pass), waiting (complete; a pulse must tell that the stream has come as far as
/// whatever the query can have seen), ended. It belongs to the loop of the client that asked; only the list of those
/// that wait for it is shared, under its own lock.
/// </summary>
internal sealed class Fill
{
    /// <summary>In front of the captured messages: ParseComplete and BindComplete, so that most hits are one run of
    /// bytes.</summary>
    internal const int PrefixBytes = 10;

    private const int FirstBuffer = 1024;

    private readonly Lock _lock = new();
    private readonly int _mostBytes;
    private byte[] _key;
    private byte[] _payload;
    private List<ClientCache>? _waiters;
    private bool _ended;

    public Fill(
        CachedStatement statement, DatabaseCache database, ReadOnlySpan<byte> key, ulong hash, int mostBytes)
    {
        Statement = statement;
        Database = database;
        Hash = hash;
        _mostBytes = mostBytes;
        _key = ArrayPool<byte>.Shared.Rent(key.Length);
        key.CopyTo(_key);
        KeyLength = key.Length;
        _payload = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        "1\0\0\0\u0004"u8.CopyTo(_payload);
        "2\0\0\0\u0004"u8.CopyTo(_payload.AsSpan(5));
        Length = PrefixBytes;
    }

    public CachedStatement Statement { get; }

    public DatabaseCache Database { get; }

    public ulong Hash { get; }

    public int KeyLength { get; }

    public ReadOnlySpan<byte> Key => _key.AsSpan(0, KeyLength);

    public ReadOnlySpan<byte> Payload => _payload.AsSpan(0, Length);

    /// <summary>Bytes of <see cref="Payload"/>.</summary>
    public int Length { get; private set; }

    public int DescriptionBytes { get; private set; }

    public int Rows { get; private set; }

    /// <summary>What the result depends on.</summary>
    public VersionCell[] Cells { get; init; } = [];

    public ResultStamp Stamp { get; init; }

    /// <summary>Its tables are streamed and confirmed: it may be served by version, not only by age.</summary>
    public bool IsStamped { get; init; }

    /// <summary><see cref="CachedStatement.Invalidations"/> before the query was sent.</summary>
    public long Invalidations { get; init; }

    /// <summary>It is run to compare it with what is stored.</summary>
    public bool IsVerification { get; init; }

    /// <summary>Why it will not be stored, though others may wait for its end; null: it will.</summary>
    public CacheResult? Spoiled { get; private set; }

    /// <summary>The client has its ReadyForQuery.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The pulse that it waits for.</summary>
    public long Ticket { get; private set; }

    public long CompletedAt { get; private set; }

    /// <summary>It is in the store.</summary>
    public bool IsPublished { get; set; }

    public int SavedMicroseconds { get; private set; }

    public bool HasWaiters
    {
        get
        {
            lock (_lock)
            {
                return _waiters is { Count: > 0 };
            }
        }
    }

    /// <summary>A message to the client begins; true when its bytes are to be handed to <see cref="Append"/>.</summary>
    public bool Wants(byte type, int total)
    {
        if (Spoiled is not null || IsComplete)
        {
            return false;
        }

        switch (type)
        {
            case BackendMessage.RowDescription when Length == PrefixBytes:
                DescriptionBytes = total;
                break;
            case BackendMessage.DataRow when !_closed:
                Rows++;
                break;
            case BackendMessage.CommandComplete when !_closed:
                _closed = true;
                break;
            case BackendMessage.ParseComplete or BackendMessage.BindComplete or BackendMessage.CloseComplete
                or BackendMessage.ReadyForQuery:
                return false;
            default:
                Spoil(CacheResult.Uncacheable); // an error, a notice, a second result: not to be replayed
                return false;
        }

        if (Length + (long)total + ReadyForQuery.Length > _mostBytes)
        {
            Spoil(CacheResult.OversizedResult);
            return false;
        }

        return true;
    }

    private bool _closed;

    private static ReadOnlySpan<byte> ReadyForQuery => "Z\0\0\0\u0005I"u8;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (Length + bytes.Length > _payload.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + bytes.Length, _payload.Length * 2));
            Payload.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_payload);
            _payload = larger;
        }

        bytes.CopyTo(_payload.AsSpan(Length));
        Length += bytes.Length;
    }

    /// <summary>ReadyForQuery outside a transaction has come.</summary>
    /// <returns>True when it is to be stored.</returns>
    public bool Complete(long now, int microseconds, long ticket)
    {
        if (!_closed)
        {
            Spoil(CacheResult.Uncacheable);
        }

        IsComplete = true;
        if (Spoiled is not null)
        {
            return false;
        }

        Append(ReadyForQuery);
        CompletedAt = now;
        SavedMicroseconds = microseconds;
        Ticket = ticket;
        return true;
    }

    public void Spoil(CacheResult why) => Spoiled ??= why;

    public ResultHeader Header() => new()
    {
        Version = IsStamped ? Stamp.Version : -1,
        SchemaVersion = Stamp.SchemaVersion,
        Epoch = IsStamped ? Stamp.Epoch : -1,
        Invalidations = Invalidations,
        StoredAt = CompletedAt,
        DescriptionBytes = DescriptionBytes,
        StatementNumber = Statement.Number,
        SavedMicroseconds = SavedMicroseconds,
        Rows = Rows,
    };

    /// <summary>From any loop: lets the client wait for its end. False: it has ended.</summary>
    public bool TryAwait(ClientCache client)
    {
        lock (_lock)
        {
            if (_ended)
            {
                return false;
            }

            (_waiters ??= []).Add(client);
            return true;
        }
    }

    public void StopAwaiting(ClientCache client)
    {
        lock (_lock)
        {
            _waiters?.Remove(client);
        }
    }

    /// <summary>Published, dropped or abandoned. Gives its memory back; whoever waited looks again.</summary>
    /// <param name="published">False: those that waited go to the server themselves, all at once.</param>
    public void End(bool published)
    {
        List<ClientCache>? waiters;
        lock (_lock)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            waiters = _waiters;
            _waiters = null;
        }

        Database.Directory.Flights.Remove(this);
        ArrayPool<byte>.Shared.Return(_key);
        ArrayPool<byte>.Shared.Return(_payload);
        _key = _payload = [];
        foreach (ClientCache waiter in waiters ?? [])
        {
            waiter.Client.Loop.Post(() => waiter.OnAwaitedEnd(this, published));
        }
    }
}
