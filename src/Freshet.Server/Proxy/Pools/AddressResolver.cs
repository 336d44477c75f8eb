using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Freshet.Server.Proxy.Loop;

namespace Freshet.Server.Proxy.Pools;

/// <summary>Turns host and port into a <c>sockaddr</c>. Names are looked up on the thread pool and kept for
/// <see cref="KeptFor"/>; a name with several addresses is used round-robin.</summary>
internal sealed class AddressResolver
{
    /// <summary>PgBouncer's <c>dns_max_ttl</c>.</summary>
    internal static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<string, Resolved> _known = new(StringComparer.OrdinalIgnoreCase);
    private uint _next;

    private sealed record Resolved(IPAddress[] Addresses, long Until);

    /// <summary>Calls back on the loop, at once where no look-up is needed: the address, or null and the reason.
    /// </summary>
    public void Resolve(string host, int port, EventLoop loop, Action<byte[]?, string?> found)
    {
        if (host.StartsWith('/'))
        {
            byte[] path = Encoding.UTF8.GetBytes($"{host}/.s.PGSQL.{port}");
            found(path.Length > 107 ? null : UnixAddress(path), "the path of the unix socket is longer than 107 bytes");
        }
        else if (IPAddress.TryParse(host, out IPAddress? address))
        {
            found(Address(address, port), null);
        }
        else if (_known.TryGetValue(host, out Resolved? known) && known.Until > Environment.TickCount64)
        {
            found(Address(Pick(known.Addresses), port), null);
        }
        else
        {
            _ = LookUpAsync(host, port, loop, found);
        }
    }

    internal static byte[] Address(IPAddress address, int port)
    {
        bool v4 = address.AddressFamily == AddressFamily.InterNetwork;
        byte[] native = new byte[v4 ? 16 : 28];
        BinaryPrimitives.WriteUInt16LittleEndian(native, (ushort)(v4 ? Native.FamilyInet : Native.FamilyInet6));
        BinaryPrimitives.WriteUInt16BigEndian(native.AsSpan(2), (ushort)port);
        address.TryWriteBytes(native.AsSpan(v4 ? 4 : 8), out _);
        if (!v4)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(native.AsSpan(24), (uint)address.ScopeId);
        }

        return native;
    }

    private static byte[] UnixAddress(byte[] path)
    {
        byte[] native = new byte[2 + path.Length + 1];
        BinaryPrimitives.WriteUInt16LittleEndian(native, Native.FamilyUnix);
        path.CopyTo(native.AsSpan(2));
        return native;
    }

    private IPAddress Pick(IPAddress[] addresses) =>
        addresses[Interlocked.Increment(ref _next) % (uint)addresses.Length];

    private async Task LookUpAsync(string host, int port, EventLoop loop, Action<byte[]?, string?> found)
    {
        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(host, CancellationToken.None);
            if (addresses.Length == 0)
            {
                loop.Post(() => found(null, "the name has no address"));
                return;
            }

            _known[host] = new Resolved(addresses, Environment.TickCount64 + (long)KeptFor.TotalMilliseconds);
            loop.Post(() => found(Address(Pick(addresses), port), null));
        }
        catch (SocketException failure)
        {
            loop.Post(() => found(null, failure.Message));
        }
    }
}
