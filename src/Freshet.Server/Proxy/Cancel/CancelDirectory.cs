using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Freshet.Server.Proxy.Clients;

namespace Freshet.Server.Proxy.Cancel;

/// <summary>Finds the session that a cancel request means. In transaction mode the process number is our own, from a
/// range that no operating system hands out; in session mode it is the server's, and two servers may use the same, so
/// that the key decides. Keys are compared in constant time.</summary>
internal sealed class CancelDirectory
{
    /// <summary>Linux process ids end at 2^22.</summary>
    private const int FirstOwnNumber = 0x2000_0000;

    private readonly ConcurrentDictionary<int, ImmutableArray<ClientSession>> _sessions = new();
    private int _last;

    public int NextNumber() => FirstOwnNumber | (Interlocked.Increment(ref _last) & (FirstOwnNumber - 1));

    /// <summary>4 bytes for protocol 3.0, 32 for 3.2: PostgreSQL 18's lengths.</summary>
    public static byte[] NewKey(bool longKey) => RandomNumberGenerator.GetBytes(longKey ? 32 : 4);

    public void Add(ClientSession session) =>
        _sessions.AddOrUpdate(
            session.ProcessNumber,
            static (_, added) => [added],
            static (_, present, added) => present.Add(added),
            session
        );

    public void Remove(ClientSession session)
    {
        while (_sessions.TryGetValue(session.ProcessNumber, out ImmutableArray<ClientSession> present))
        {
            ImmutableArray<ClientSession> rest = present.Remove(session);
            bool done = rest.IsEmpty
                ? _sessions.TryRemove(
                    new KeyValuePair<int, ImmutableArray<ClientSession>>(session.ProcessNumber, present)
                )
                : _sessions.TryUpdate(session.ProcessNumber, rest, present);
            if (done)
            {
                return;
            }
        }
    }

    public ClientSession? Find(int processNumber, ReadOnlySpan<byte> key)
    {
        if (_sessions.TryGetValue(processNumber, out ImmutableArray<ClientSession> candidates))
        {
            foreach (ClientSession session in candidates)
            {
                if (CryptographicOperations.FixedTimeEquals(session.CancelKey, key))
                {
                    return session;
                }
            }
        }

        return null;
    }
}
