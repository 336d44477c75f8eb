using System.Buffers.Binary;
using Freshet.Core.Cache;
using Freshet.Core.Wire;

namespace Freshet.Server.Proxy.Caching;

/// <summary>Compares two answers to the same query on the same state. Without ORDER BY a server may give the rows in
/// another order, so rows are compared as a bag.</summary>
internal static class ResultComparison
{
    public static bool AreSame(in StoredResult stored, Fill run)
    {
        ReadOnlySpan<byte> one = stored.Payload[(Fill.PrefixBytes + stored.Header.DescriptionBytes)..];
        ReadOnlySpan<byte> other = run.Payload[(Fill.PrefixBytes + run.DescriptionBytes)..];
        return one.SequenceEqual(other) || (one.Length == other.Length && Rows(one).SetEquals(Rows(other)));
    }

    /// <summary>Each message with how often it had come before: equal bags have equal sets.</summary>
    private static HashSet<(string Message, int Occurrence)> Rows(ReadOnlySpan<byte> messages)
    {
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        var rows = new HashSet<(string, int)>();
        while (messages.Length >= WireLimits.HeaderBytes)
        {
            int total = BinaryPrimitives.ReadInt32BigEndian(messages[1..]) + 1;
            string message = Convert.ToHexString(messages[..total]);
            seen[message] = seen.GetValueOrDefault(message) + 1;
            rows.Add((message, seen[message]));
            messages = messages[total..];
        }

        return rows;
    }
}
