using System.Buffers.Binary;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;

namespace Freshet.Server.Proxy.Cancel;

/// <summary>Takes a CancelRequest that a client sent instead of a start-up packet. Like the server, it never answers:
/// who guesses keys learns nothing.</summary>
internal static class CancelRelay
{
    public static void OnRequest(ClientSession asking, ReadOnlySpan<byte> body)
    {
        Interlocked.Increment(ref asking.Proxy.Counters.CancelRequests);
        if (body.Length is >= 8 and <= 4 + WireLimits.LongestCancelKey
            && asking.Proxy.Cancels.Find(BinaryPrimitives.ReadInt32BigEndian(body), body[4..]) is { } target)
        {
            target.Loop.Post(() => CancelWish.Make(target));
        }

        asking.Close();
    }
}
