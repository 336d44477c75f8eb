using Freshet.Tests.Integration.Wire;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>A server that is merely slow: each of its answers starts late, and comes in drips.</summary>
/// <param name="delay">Before each piece that the server sends.</param>
/// <param name="dripBytes">Bytes at a time, a moment apart; 0: all at once.</param>
internal sealed class SlowFilter(TimeSpan delay, int dripBytes) : RelayFilter
{
    public override void Answer(byte[] bytes, Action<byte[]> send)
    {
        Thread.Sleep(delay);
        var drip = dripBytes is 0 ? bytes.Length : dripBytes;
        for (var offset = 0; offset < bytes.Length; offset += drip)
        {
            send(bytes[offset..Math.Min(offset + drip, bytes.Length)]);
            if (dripBytes > 0)
            {
                // As long as the loopback needs to carry it, so that the next byte comes in a read of its own.
                Thread.Sleep(TimeSpan.FromMilliseconds(0.2));
            }
        }
    }
}
