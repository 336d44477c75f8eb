using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Transport;

namespace Freshet.Server.Proxy;

/// <summary>One listening socket of one loop. Every loop has its own on the same address (<c>SO_REUSEPORT</c>), and
/// the kernel spreads the connections. When descriptors run out, the clients above <see cref="DescriptorLimit"/> are
/// told so; when even its head room is used up, a spare descriptor is spent on that.</summary>
internal sealed unsafe class Listener : IPollHandler
{
    /// <summary>Linux's default for <c>net.core.somaxconn</c>, which caps it anyway.</summary>
    private const int Backlog = 4096;

    /// <summary>Connections accepted in one turn, so that a storm does not starve the sessions.</summary>
    private const int AcceptedAtOnce = 64;

    private readonly ProxyState _proxy;
    private readonly EventLoop _loop;
    private ulong _pollId;
    private int _fd;
    private int _spare;

    private Listener(ProxyState proxy, EventLoop loop, int fd)
    {
        _proxy = proxy;
        _loop = loop;
        _fd = fd;
        _spare = OpenSpare();
    }

    public EventLoop Loop => _loop;

    public IPEndPoint Address { get; private set; } = new(IPAddress.None, 0);

    /// <exception cref="IOException">The address cannot be listened on; the message says which and why.</exception>
    public static Listener Open(ProxyState proxy, EventLoop loop, ListenAddress address)
    {
        bool v6 = address.Address.AddressFamily == AddressFamily.InterNetworkV6;
        int fd = Native.socket(
            v6 ? Native.FamilyInet6 : Native.FamilyInet,
            Native.SockStream | Native.SockNonblock | Native.SockCloexec,
            0
        );
        if (fd < 0)
        {
            throw new IOException($"cannot listen on {address}: {Native.ErrorText(Marshal.GetLastSystemError())}");
        }

        Native.SetOption(fd, Native.SolSocket, Native.SoReuseAddr, 1);
        Native.SetOption(fd, Native.SolSocket, Native.SoReusePort, 1);
        byte[] native = AddressResolver.Address(address.Address, address.Port);
        fixed (byte* to = native)
        {
            if (Native.bind(fd, to, (uint)native.Length) < 0 || Native.listen(fd, Backlog) < 0)
            {
                string reason = Native.ErrorText(Marshal.GetLastSystemError());
                _ = Native.close(fd);
                throw new IOException($"cannot listen on {address}: {reason}");
            }
        }

        byte* bound = stackalloc byte[28];
        uint length = 28;
        _ = Native.getsockname(fd, bound, &length);
        return new Listener(proxy, loop, fd)
        {
            Address = new IPEndPoint(
                address.Address,
                BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(bound + 2, 2))
            ),
        };
    }

    public void Start()
    {
        _pollId = _proxy.Table.Register(this);
        _loop.Control(Native.EpollCtlAdd, _fd, Native.EpollIn, _pollId);
    }

    public void OnReady(EventLoop loop, uint events)
    {
        for (int i = 0; i < AcceptedAtOnce && _fd >= 0; i++)
        {
            int fd = Native.accept4(_fd, null, null, Native.SockNonblock | Native.SockCloexec);
            if (fd >= DescriptorLimit.MostForClients)
            {
                Refuse(fd);
                continue;
            }

            if (fd >= 0)
            {
                Welcome(fd);
                continue;
            }

            int error = Marshal.GetLastSystemError();
            if (error is Native.ErrMfile or Native.ErrNfile or Native.ErrNoMem or Native.ErrNoBufs)
            {
                if (!RefuseOne())
                {
                    return;
                }

                continue;
            }

            if (error is Native.ErrConnAborted or Native.ErrIntr)
            {
                continue;
            }

            return;
        }
    }

    public void Abort(string reason) => _proxy.Log.Write(ProxyLogLevel.Error, $"listener {Address}: {reason}");

    /// <summary>On the loop's thread.</summary>
    public void Close()
    {
        if (_fd >= 0)
        {
            _loop.Remove(_fd);
            _proxy.Table.Unregister(_pollId);
            _ = Native.close(_fd);
            _fd = -1;
            _ = Native.close(_spare);
        }
    }

    private void Welcome(int fd)
    {
        Native.SetOption(fd, Native.ProtoTcp, Native.TcpNoDelay, 1);
        Native.SetOption(fd, Native.SolSocket, Native.SoKeepAlive, 1);
        Interlocked.Increment(ref _proxy.Counters.Clients);
        Interlocked.Increment(ref _proxy.Counters.LoggingIn);
        Interlocked.Increment(ref _proxy.Counters.ClientsAccepted);
        var client = new ClientSession(_proxy, _loop, new WireTransport(fd));
        client.Transport.Join(_loop, _proxy.Table.Register(client), Native.EpollIn);
    }

    /// <summary>No descriptor left: the spare one makes room to accept the next client and tell it.</summary>
    private bool RefuseOne()
    {
        _ = Native.close(_spare);
        int fd = Native.accept4(_fd, null, null, Native.SockNonblock | Native.SockCloexec);
        if (fd >= 0)
        {
            Refuse(fd);
        }

        _spare = OpenSpare();
        return fd >= 0;
    }

    private void Refuse(int fd)
    {
        byte[] error = ClientErrors.NoDescriptors();
        fixed (byte* bytes = error)
        {
            _ = Native.send(fd, bytes, (nuint)error.Length, Native.MsgNoSignal);
        }

        // What the client has sent by now is read first: closing with it unread would reset the connection, and the
        // error could be lost on its way.
        fixed (byte* unread = _loop.Inbound)
        {
            _ = Native.recv(fd, unread, EventLoop.ScratchBytes, Native.MsgDontWait);
        }

        _ = Native.close(fd);
        if (Interlocked.Increment(ref _proxy.Counters.ClientsRefused) % 1000 == 1)
        {
            _proxy.Log.Write(ProxyLogLevel.Error, "no file descriptor left: clients are refused; raise ulimit -n");
        }
    }

    private static int OpenSpare() => Native.eventfd(0, Native.EventFdCloexec);
}
