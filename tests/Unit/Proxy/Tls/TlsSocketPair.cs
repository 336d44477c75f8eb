using System.Net.Sockets;
using System.Runtime.InteropServices;
using Freshet.Server.Proxy.Tls;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Tls;

/// <summary>Two connected Unix sockets. <see cref="Left"/> does not block, as on the event loops; <see cref="Right"/>
/// does not either unless it is handed to a stream.</summary>
internal sealed unsafe partial class TlsSocketPair : IDisposable
{
    private const int Unix = 1;
    private const int Stream = 1;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    public TlsSocketPair(int bufferSize = 0)
    {
        int* descriptors = stackalloc int[2];
        if (socketpair(Unix, Stream, 0, descriptors) != 0)
            throw new SocketException(Marshal.GetLastPInvokeError());
        Left = Own(descriptors[0], bufferSize);
        Right = Own(descriptors[1], bufferSize);
    }

    public Socket Left { get; }

    public Socket Right { get; }

    public int LeftDescriptor => (int)Left.Handle;

    public int RightDescriptor => (int)Right.Handle;

    /// <summary>Waits until the descriptor is ready for what the session wants.</summary>
    public static void Await(Socket socket, TlsStatus wanted)
    {
        SelectMode mode = wanted == TlsStatus.WantWrite ? SelectMode.SelectWrite : SelectMode.SelectRead;
        Assert.True(wanted is TlsStatus.WantRead or TlsStatus.WantWrite, $"nothing to wait for: {wanted}");
        Assert.True(socket.Poll(s_limit, mode), $"the peer did not make progress ({wanted})");
    }

    /// <summary>Steps both sides in turn until neither moves; each side's last status.</summary>
    public static (TlsStatus Left, TlsStatus Right) Shake(TlsSession left, TlsSession right)
    {
        (TlsStatus Left, TlsStatus Right) last = (TlsStatus.WantRead, TlsStatus.WantRead);
        for (int step = 0; step < 2_000; step++)
        {
            last = (left.Handshake(), right.Handshake());
            bool leftMoves = last.Left is TlsStatus.WantRead or TlsStatus.WantWrite;
            bool rightMoves = last.Right is TlsStatus.WantRead or TlsStatus.WantWrite;
            if (!leftMoves && !rightMoves)
                break;
        }

        return last;
    }

    /// <summary>Shakes hands with a peer that runs by itself.</summary>
    public static TlsStatus Shake(TlsSession session, Socket socket)
    {
        while (true)
        {
            TlsStatus status = session.Handshake();
            if (status is not (TlsStatus.WantRead or TlsStatus.WantWrite))
                return status;
            Await(socket, status);
        }
    }

    public static void WriteAll(TlsSession session, Socket socket, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            TlsStatus status = session.Write(data, out int count);
            data = data[count..];
            if (data.IsEmpty)
                return;
            Await(socket, status == TlsStatus.Done ? TlsStatus.WantWrite : status);
        }
    }

    public static byte[] ReadExactly(TlsSession session, Socket socket, int length)
    {
        byte[] data = new byte[length];
        int at = 0;
        while (at < length)
        {
            TlsStatus status = session.Read(data.AsSpan(at), out int count);
            at += count;
            if (status != TlsStatus.Done)
                Await(socket, status);
        }

        return data;
    }

    public void Dispose()
    {
        Left.Dispose();
        Right.Dispose();
    }

    private static Socket Own(int descriptor, int bufferSize)
    {
        var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)) { Blocking = false };
        if (bufferSize > 0)
        {
            socket.SendBufferSize = bufferSize;
            socket.ReceiveBufferSize = bufferSize;
        }

        return socket;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socketpair(int domain, int type, int protocol, int* descriptors);
}
