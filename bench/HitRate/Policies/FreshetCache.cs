using System.Runtime.InteropServices;
using Freshet.Bench.HitRate.Traces;
using Freshet.Core.Cache;

namespace Freshet.Bench.HitRate.Policies;

/// <summary>Freshet's result store itself. The bytes of its index and its ghosts are within its limit: the others get
/// theirs for nothing.</summary>
internal sealed class FreshetCache(long mostBytes) : ICache
{
    private readonly ResultStore _store = new(mostBytes, readers: 1);
    private readonly byte[] _payload = new byte[8 * 1024 * 1024];

    /// <summary>What an entry with a payload of this size takes of the store; the same is charged to every policy.
    /// </summary>
    public static long EntryBytes(long payloadBytes) => StoredEntry.BytesOf(sizeof(int), (int)payloadBytes);

    public bool Access(in Request request)
    {
        int number = request.Key;
        ReadOnlySpan<byte> key = MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in number));
        ulong hash = Mix((ulong)number + 1);
        ResultReader reader = _store.Reader(0);
        if (reader.TryGet(hash, key, out StoredResult result))
        {
            result.Touch();
            reader.Release();
            return true;
        }

        var header = new ResultHeader { SavedMicroseconds = request.Cost };
        int payload = request.Bytes - (int)EntryBytes(0);
        _store.Put(hash, key, header, _payload.AsSpan(0, payload));
        return false;
    }

    public void Dispose() => _store.Dispose();

    /// <summary>Not the store's own hash, which differs from one process to the next.</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
