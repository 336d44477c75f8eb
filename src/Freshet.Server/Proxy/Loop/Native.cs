using System.Runtime.InteropServices;

namespace Freshet.Server.Proxy.Loop;

/// <summary>The system calls that the event loops live on. <c>recv</c> and <c>send</c> on non-blocking sockets take
/// well under a microsecond and never wait, so they skip the garbage collector's transition.</summary>
internal static unsafe class Native
{
    internal const int EpollCtlAdd = 1, EpollCtlDel = 2, EpollCtlMod = 3, EpollCloexec = 0x80000;
    internal const uint EpollIn = 0x1, EpollOut = 0x4, EpollErr = 0x8, EpollHup = 0x10, EpollRdHup = 0x2000;
    internal const int EventFdNonblock = 0x800, EventFdCloexec = 0x80000;
    internal const int SockNonblock = 0x800, SockCloexec = 0x80000, SockStream = 1;
    internal const int FamilyUnix = 1, FamilyInet = 2, FamilyInet6 = 10;
    internal const int SolSocket = 1, SoReuseAddr = 2, SoError = 4, SoKeepAlive = 9, SoReusePort = 15;
    internal const int ProtoTcp = 6, TcpNoDelay = 1, ProtoIp6 = 41, Ipv6Only = 26;
    internal const int MsgNoSignal = 0x4000, MsgPeek = 0x2, MsgDontWait = 0x40;
    internal const int LimitOpenFiles = 7;
    internal const int ErrIntr = 4, ErrAgain = 11, ErrMfile = 24, ErrNfile = 23, ErrInProgress = 115;
    internal const int ErrConnAborted = 103, ErrNoMem = 12, ErrNoBufs = 105;

    /// <summary>The kernel packs <c>struct epoll_event</c> on x86-64 only.</summary>
    internal static readonly bool PackedEvents = RuntimeInformation.ProcessArchitecture == Architecture.X64;
    internal static readonly int EventSize = PackedEvents ? 12 : 16;
    internal static readonly int EventDataOffset = PackedEvents ? 4 : 8;

    [DllImport("libc")]
    internal static extern int epoll_create1(int flags);

    [DllImport("libc")]
    internal static extern int epoll_ctl(int epoll, int operation, int fd, byte* epollEvent);

    [DllImport("libc")]
    internal static extern int epoll_wait(int epoll, byte* events, int most, int timeoutMilliseconds);

    [DllImport("libc")]
    internal static extern int eventfd(uint initial, int flags);

    [DllImport("libc")]
    internal static extern nint read(int fd, byte* buffer, nuint length);

    [DllImport("libc")]
    internal static extern nint write(int fd, byte* buffer, nuint length);

    [DllImport("libc")]
    internal static extern int close(int fd);

    /// <summary>Two 64-bit numbers: the soft limit, the hard limit.</summary>
    [DllImport("libc")]
    internal static extern int getrlimit(int resource, ulong* limits);

    [DllImport("libc")]
    internal static extern int socket(int family, int type, int protocol);

    [DllImport("libc")]
    internal static extern int bind(int fd, byte* address, uint length);

    [DllImport("libc")]
    internal static extern int listen(int fd, int backlog);

    [DllImport("libc")]
    internal static extern int accept4(int fd, byte* address, uint* length, int flags);

    [DllImport("libc")]
    internal static extern int connect(int fd, byte* address, uint length);

    [DllImport("libc")]
    internal static extern int getsockname(int fd, byte* address, uint* length);

    [DllImport("libc")]
    internal static extern int setsockopt(int fd, int level, int option, int* value, uint length);

    [DllImport("libc")]
    internal static extern int getsockopt(int fd, int level, int option, int* value, uint* length);

    [DllImport("libc")]
    [SuppressGCTransition]
    internal static extern nint recv(int fd, byte* buffer, nuint length, int flags);

    [DllImport("libc")]
    [SuppressGCTransition]
    internal static extern nint send(int fd, byte* buffer, nuint length, int flags);

    internal static void SetOption(int fd, int level, int option, int value) =>
        _ = setsockopt(fd, level, option, &value, sizeof(int));

    /// <summary>The pending error of a socket (0: none), which reading clears.</summary>
    internal static int SocketError(int fd)
    {
        int error = 0;
        uint length = sizeof(int);
        return getsockopt(fd, SolSocket, SoError, &error, &length) < 0 ? Marshal.GetLastSystemError() : error;
    }

    internal static string ErrorText(int error) => Marshal.GetPInvokeErrorMessage(error);
}
