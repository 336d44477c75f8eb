using System.Buffers.Binary;
using System.Text;
using Freshet.Core.Wire;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Freshet.Tests.Unit.Wire;

public sealed class MessageRoundTripTests
{
    [Fact]
    public void What_the_writer_writes_the_reader_reads_back() =>
        Prop.ForAll<int, byte[], NonNull<string>>((third, bytes, text) =>
        {
            byte first = (byte)third;
            short second = (short)(third >> 3);
            string noZero = ValidText(text.Get);
            MessageWriter writer = new MessageWriter(1).Begin(first)
                .Byte(first).Int16(second).Int32(third).Int32(bytes.Length).Bytes(bytes).CString(noZero).End();
            ReadOnlySpan<byte> message = writer.Written;
            int length = BinaryPrimitives.ReadInt32BigEndian(message[1..]);
            var reader = new MessageReader(message[5..]);
            return message[0] == first
                && length == message.Length - 1
                && reader.TryByte(out byte one) && one == first
                && reader.TryInt16(out short two) && two == second
                && reader.TryInt32(out int three) && three == third
                && reader.TryInt32(out int count) && reader.TryBytes(count, out ReadOnlySpan<byte> rest)
                && rest.SequenceEqual(bytes)
                && reader.TryText(out string read) && string.Equals(read, noZero, StringComparison.Ordinal)
                && reader.AtEnd;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Messages_written_one_after_another_keep_their_own_lengths()
    {
        MessageWriter writer = new MessageWriter(0).Begin((byte)'Z').Byte((byte)'I').End()
            .BeginUntyped().Int32(7).End()
            .Begin((byte)'1').End();

        Assert.Equal("Z\0\0\0\u0005I\0\0\0\u0008\0\0\0\u00071\0\0\0\u0004", Encoding.Latin1.GetString(writer.Written));
        writer.Clear();
        Assert.True(writer.Written.IsEmpty);
        Assert.Equal([(byte)'2', 0, 0, 0, 4], writer.Begin((byte)'2').End().ToArray());
    }

    [Fact]
    public void Every_truncation_is_refused_and_consumes_nothing()
    {
        byte[] whole = new MessageWriter().Int32(1234).Int16(5).CString("ab").ToArray();
        for (int length = 0; length < whole.Length; length++)
        {
            ReadOnlySpan<byte> part = whole.AsSpan(0, length);
            var number = new MessageReader(part);
            Assert.Equal(length >= 4, number.TryInt32(out _));
            Assert.Equal(length >= 4 ? length - 4 : length, number.Rest.Length);

            var small = new MessageReader(part);
            Assert.Equal(length >= 2, small.TryInt16(out _));
            Assert.Equal(length >= 2 ? length - 2 : length, small.Rest.Length);

            var exact = new MessageReader(part);
            Assert.False(exact.TryBytes(length + 1, out ReadOnlySpan<byte> none));
            Assert.True(none.IsEmpty);
            Assert.Equal(length, exact.Rest.Length);

            var text = new MessageReader(whole.AsSpan(6, Math.Max(0, length - 6)));
            Assert.False(text.TryCString(out _));
            Assert.Equal(Math.Max(0, length - 6), text.Rest.Length);
            Assert.False(text.TryText(out string empty));
            Assert.Empty(empty);
        }

        Assert.False(default(MessageReader).TryByte(out _));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    [InlineData(4)]
    public void Hostile_lengths_are_refused(int count)
    {
        var reader = new MessageReader("abc"u8);
        Assert.False(reader.TryBytes(count, out _));
        Assert.Equal(3, reader.Rest.Length);
    }

    [Fact]
    public void Fields_of_an_error_are_found_wherever_they_stand()
    {
        ErrorFields error = ErrorFields.Read("SFEHLER\0VERROR\0C22012\0Mdivision by zero\0Xunknown\0\0"u8);
        Assert.Equal("ERROR"u8, error.Severity);
        Assert.Equal("22012", error.SqlStateText);
        Assert.Equal("division by zero", error.MessageText);

        ErrorFields old = ErrorFields.Read("VFATAL\0Slocal\0\0"u8);
        Assert.Equal("FATAL"u8, old.Severity);
    }

    [Fact]
    public void An_error_without_fields_or_cut_anywhere_is_read_without_failing()
    {
        byte[] whole = "SERROR\0VERROR\0C22012\0Mdivision by zero\0\0"u8.ToArray();
        for (int length = 0; length < whole.Length; length++)
        {
            ErrorFields error = ErrorFields.Read(whole.AsSpan(0, length));
            Assert.StartsWith(error.SqlStateText, "22012", StringComparison.Ordinal);
            Assert.True(error.SqlState.IsEmpty || length >= 21);
            Assert.True(error.Message.IsEmpty || length >= whole.Length - 1);
        }
    }

    [Fact]
    public void Garbage_never_fails_the_readers() =>
        Prop.ForAll<byte[]>(garbage =>
        {
            _ = ErrorFields.Read(garbage).MessageText;
            _ = StartupPacket.Read(garbage);
            _ = StartupOptions.TryRead(Encoding.Latin1.GetString(garbage), []);
        }).QuickCheckThrowOnFailure();

    private static string ValidText(string text) =>
        Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)).Replace("\0", "", StringComparison.Ordinal);
}
