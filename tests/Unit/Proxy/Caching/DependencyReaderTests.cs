using System.Buffers.Binary;
using System.Text;
using Freshet.Server.Proxy.Caching;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Caching;

public sealed class DependencyReaderTests
{
    /// <summary>A text has the same bytes in both formats.</summary>
    /// <param name="format">0 for text, 1 for binary.</param>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_parameter_that_may_say_now_is_found_in_every_format(byte format)
    {
        Assert.True(HasDateWord(format, "today 10:00"));
        Assert.False(HasDateWord(format, "2026-01-01"));
    }

    [Fact]
    public void It_is_found_behind_parameters_that_are_NULL()
    {
        Assert.True(HasDateWord(0, "now", nulls: 250));
        Assert.False(HasDateWord(0, "never", nulls: 250));
    }

    private static bool HasDateWord(byte format, string value, byte nulls = 0)
    {
        byte[] bind =
        [
            .. "\0\0"u8, 0, 1, 0, format, 0, (byte)(nulls + 1), .. Enumerable.Repeat((byte)0xff, 4 * nulls),
            0, 0, 0, (byte)value.Length, .. Encoding.ASCII.GetBytes(value), 0, 0,
        ];
        byte[] data =
        [
            .. Message('P', "\0select $1\0\0\0"u8), .. Message('B', bind), .. Message('E', [0, 0, 0, 0, 0]),
            .. Message('S', []),
        ];
        Assert.Equal(BatchStatus.Whole, ClientBatch.Read(data, out var batch));
        return new DependencyReader().HasDateWord(batch);
    }

    private static byte[] Message(char type, ReadOnlySpan<byte> body)
    {
        var message = new byte[5 + body.Length];
        message[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + body.Length);
        body.CopyTo(message.AsSpan(5));
        return message;
    }
}
