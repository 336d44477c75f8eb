using System.Net.Sockets;
using System.Runtime.InteropServices;
using Xunit;

namespace Freshet.Tests.Unit.Proxy;

/// <summary>Two connected unix sockets: the near one's descriptor goes to the code under test, what it sends is read
/// at the far one. Both have room for what one test turn sends, and neither blocks.</summary>
internal sealed unsafe partial class SocketPair : IDisposable
{
    private readonly Socket _near = null!;
    private readonly byte[] _buffer = new byte[256 * 1024];

    public SocketPair()
    {
        int* descriptors = stackalloc int[2];
        Assert.Equal(0, socketpair(1, 1, 0, descriptors));
        _near = Own(descriptors[0]);
        Far = Own(descriptors[1]);
    }

    public Socket Far { get; }

    public int Descriptor => (int)_near.Handle;

    /// <summary>Appends all that the near side has sent so far.</summary>
    public void Drain(List<byte> received)
    {
        while (Far.Available > 0)
        {
            int count = Far.Receive(_buffer);
            received.AddRange(_buffer.AsSpan(0, count));
        }
    }

    public void Dispose()
    {
        _near.Dispose();
        Far.Dispose();
    }

    private static Socket Own(int descriptor) =>
        new(new SafeSocketHandle(descriptor, ownsHandle: true))
        {
            Blocking = false,
            SendBufferSize = 1 << 20,
            ReceiveBufferSize = 1 << 20,
        };

    [LibraryImport("libc")]
    private static partial int socketpair(int domain, int type, int protocol, int* descriptors);
}
