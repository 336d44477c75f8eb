using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Relay;
using Freshet.Server.Proxy.Transport;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Relay;

public sealed class RelayOutputTests
{
    [Fact]
    public void Ranges_and_insertions_come_out_in_the_order_given()
    {
        var random = new Random(5);
        using var sockets = new SocketPair();
        var transport = new WireTransport(sockets.Descriptor);
        byte[] source = new byte[4_000];
        random.NextBytes(source);
        byte[] staging = new byte[100];
        for (int round = 0; round < 300; round++)
        {
            List<byte> expected = [];
            List<byte> received = [];
            var output = new RelayOutput(transport, source, staging);
            int at = 0;
            for (int step = random.Next(12); step > 0; step--)
            {
                if (random.Next(3) == 0)
                {
                    byte[] inserted = new byte[random.Next(4) switch { 0 => 0, 1 => 100, 2 => 250, _ => 9 }];
                    random.NextBytes(inserted);
                    output.Insert(inserted);
                    expected.AddRange(inserted);
                    continue;
                }

                int start = at + (random.Next(2) * random.Next(20)); // sometimes right behind the last one
                int end = start + random.Next(random.Next(2) == 0 ? 8 : 300);
                output.Forward(start, end);
                expected.AddRange(source[start..end]);
                at = end;
            }

            Assert.True(output.Flush());
            sockets.Drain(received);
            Assert.Equal(expected, received);
        }
    }

    [Fact]
    public void Neighbouring_ranges_cost_one_send_and_no_copy()
    {
        using var sockets = new SocketPair();
        var transport = new WireTransport(sockets.Descriptor);
        byte[] staging = new byte[10];
        var output = new RelayOutput(transport, "abcdefghijkl"u8, staging);
        output.Forward(0, 4);
        output.Forward(4, 8);
        output.Forward(8, 12);
        Assert.Equal(0, transport.BytesOut);
        Assert.True(output.Flush());
        Assert.Equal(12, transport.BytesOut);
        Assert.All(staging, one => Assert.Equal(0, one));
    }

    [Fact]
    public void Without_a_target_everything_is_dropped()
    {
        var output = new RelayOutput(null, "abc"u8, new byte[2]);
        output.Forward(0, 2);
        output.Insert("xyz"u8);
        Assert.True(output.Flush());
    }

    [Fact]
    public void A_target_that_is_gone_is_told_once_and_for_all()
    {
        using var sockets = new SocketPair();
        var transport = new WireTransport(sockets.Descriptor);
        sockets.Far.Dispose();
        var output = new RelayOutput(transport, "abc"u8, new byte[8]);
        output.Forward(0, 3);
        Assert.False(output.Flush());
        Assert.True(output.Failed);
        output.Insert("x"u8);
        Assert.False(output.Flush());
        Assert.NotNull(transport.Failure);
    }

    [Fact]
    public void What_the_socket_does_not_take_waits_in_a_lent_buffer_and_follows_in_order()
    {
        using var sockets = new SocketPair();
        using var loop = new EventLoop(0, new PollTable(), new ProxyScene.SilentLog());
        var transport = new WireTransport(sockets.Descriptor);
        transport.Join(loop, 1, Native.EpollIn);
        byte[] bytes = new byte[60_000];
        List<byte> expected = [];
        List<byte> received = [];
        for (int i = 0; !transport.HasBacklog || transport.BytesOut < 2_000_000; i++)
        {
            Array.Fill(bytes, (byte)i);
            Assert.True(transport.Send(bytes));
            expected.AddRange(bytes);
            if (transport.HasBacklog)
            {
                break;
            }
        }

        Assert.True(transport.Send([1, 2, 3]));
        expected.AddRange([1, 2, 3]);
        Assert.True(loop.Buffers.LentBytes > 0);
        while (transport.HasBacklog)
        {
            sockets.Drain(received);
            Assert.True(transport.FlushBacklog());
        }

        sockets.Drain(received);
        Assert.Equal(expected, received);
        Assert.Equal(0, loop.Buffers.LentBytes);
        transport.Leave();
    }
}
