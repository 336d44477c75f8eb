using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Freshet.Core.Sql;

namespace Freshet.Server.Proxy.Statements;

/// <summary>
/// All statement contents that any client has prepared, shared by all loops and bounded in bytes. Found by hash,
/// compared in full. What falls out stays alive for the sessions that hold it; the next client to prepare that text
/// makes a new entry under a new name, which costs one more Parse and nothing else.
/// </summary>
internal sealed class StatementCache
{
    private readonly ConcurrentDictionary<byte[], StatementEntry> _entries = new(new BodyComparer());
    private readonly ConcurrentDictionary<byte[], StatementEntry>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private long _bytes;
    private ulong _lastId;
    private int _trimming;

    public StatementCache() => _lookup = _entries.GetAlternateLookup<ReadOnlySpan<byte>>();

    public long Bytes => Volatile.Read(ref _bytes);

    public int Count => _entries.Count;

    /// <param name="body">A Parse body behind the statement's name.</param>
    /// <param name="now">Stopwatch ticks, for eviction.</param>
    /// <param name="mostBytes">The budget; reaching it evicts the least recently used tenth.</param>
    public StatementEntry GetOrAdd(ReadOnlySpan<byte> body, long now, long mostBytes)
    {
        if (!_lookup.TryGetValue(body, out StatementEntry? entry))
        {
            byte[] copy = body.ToArray();
            ReadOnlySpan<byte> text = body[..Math.Max(body.IndexOf((byte)0), 0)];
            StatementTraits traits =
                StatementScanner.Scan(text, standardConformingStrings: true).Traits
                | StatementScanner.Scan(text, standardConformingStrings: false).Traits;
            var added = new StatementEntry(copy, Interlocked.Increment(ref _lastId), traits);
            entry = _entries.GetOrAdd(copy, added);
            if (ReferenceEquals(entry, added) && Interlocked.Add(ref _bytes, Cost(entry)) > mostBytes)
            {
                Trim(mostBytes);
            }
        }

        entry.LastUsed = now;
        return entry;
    }

    private static long Cost(StatementEntry entry) => (entry.Body.Length * 1L) + 200;

    private void Trim(long mostBytes)
    {
        if (Interlocked.Exchange(ref _trimming, 1) != 0)
        {
            return;
        }

        long target = mostBytes - (mostBytes / 10);
        foreach (StatementEntry entry in _entries.Values.OrderBy(entry => entry.LastUsed))
        {
            if (Volatile.Read(ref _bytes) <= target)
            {
                break;
            }

            if (_entries.TryRemove(entry.Body, out _))
            {
                Interlocked.Add(ref _bytes, -Cost(entry));
            }
        }

        Volatile.Write(ref _trimming, 0);
    }

    internal sealed class BodyComparer
        : IEqualityComparer<byte[]>,
            IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }
    }
}
