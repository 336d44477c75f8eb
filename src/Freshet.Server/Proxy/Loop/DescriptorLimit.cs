namespace Freshet.Server.Proxy.Loop;

/// <summary>
/// How many descriptors clients may use up. The kernel hands out the lowest free number, so a client whose number lies
/// at or above <see cref="MostForClients"/> shows that only the head room is left: server connections, cancel requests,
/// the HTTP server and the runtime's own files need that. No race between loops can use it up, as one for a spare
/// descriptor could.
/// </summary>
internal static unsafe class DescriptorLimit
{
    /// <summary>Kept back where the limit is generous; an eighth of the limit where it is not.</summary>
    private const long HeadRoom = 64;

    public static long MostForClients { get; } = Read();

    private static long Read()
    {
        ulong* limits = stackalloc ulong[2];
        if (Native.getrlimit(Native.LimitOpenFiles, limits) < 0 || limits[0] > int.MaxValue)
        {
            return long.MaxValue;
        }

        long most = (long)limits[0];
        return most - Math.Min(HeadRoom, most / 8);
    }
}
