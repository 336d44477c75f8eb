using System.Text;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Caching;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Caching;

public sealed class ClientBatchTests
{
    private static byte[] Query(string text) =>
        new MessageWriter().Begin(FrontendMessage.Query).CString(text).End().ToArray();

    private static byte[] Parse(string name, string text) =>
        new MessageWriter().Begin(FrontendMessage.Parse).CString(name).CString(text).Int16(0).End().ToArray();

    private static byte[] Bind(string portal, string statement) =>
        new MessageWriter().Begin(FrontendMessage.Bind).CString(portal).CString(statement).Int16(0).Int16(1).Int32(2)
            .Bytes("42"u8).Int16(0).End().ToArray();

    private static byte[] Describe(char what) =>
        new MessageWriter().Begin(FrontendMessage.Describe).Byte((byte)what).CString("").End().ToArray();

    private static byte[] Execute(int rows = 0) =>
        new MessageWriter().Begin(FrontendMessage.Execute).CString("").Int32(rows).End().ToArray();

    private static byte[] Sync() => new MessageWriter().Begin(FrontendMessage.Sync).End().ToArray();

    public static TheoryData<byte[]> Batches =>
    [
        Query("select 1"),
        (byte[])[.. Parse("", "select $1"), .. Bind("", ""), .. Describe('P'), .. Execute(), .. Sync()],
        (byte[])[.. Bind("", "mine"), .. Execute(), .. Sync()],
    ];

    public static TheoryData<byte[]> Others =>
    [
        Query("insert into t values (1)"),
        Query("begin"),
        (byte[])[.. Parse("", "update t set n = 1"), .. Bind("", ""), .. Execute(), .. Sync()],
        (byte[])[.. Parse("", "select 1"), .. Describe('S'), .. Sync()],
        (byte[])[.. Parse("", "select 1"), .. Bind("", "other"), .. Execute(), .. Sync()],
        (byte[])[.. Bind("portal", ""), .. Execute(), .. Sync()],
        (byte[])[.. Bind("", ""), .. Execute(5), .. Sync()],
        (byte[])[.. Bind("", ""), .. Execute(), .. Execute(), .. Sync()],
        (byte[])[.. Bind("", ""), .. Sync()],
        (byte[])[.. Bind("", ""), .. Describe('S'), .. Execute(), .. Sync()],
        (byte[])[.. Parse("", "select 1"), .. Parse("", "select 2"), .. Sync()],
        (byte[])[(byte)'Q', 0, 0, 0, 1],
        (byte[])[(byte)'Q', 0x7F, 0, 0, 0],
        (byte[])[(byte)'B', 0, 0, 0, 6, 0, (byte)'x'],
    ];

    [Theory, MemberData(nameof(Batches))]
    public void A_batch_is_recognised_with_what_stands_behind_it(byte[] bytes)
    {
        Assert.Equal(BatchStatus.Whole, ClientBatch.Read([.. bytes, .. Query("select 2")], out var batch));
        Assert.Equal(bytes.Length, batch.Length);
    }

    [Theory, MemberData(nameof(Batches))]
    public void However_it_is_cut_it_is_waited_for_and_nothing_is_taken(byte[] bytes)
    {
        for (var length = 1; length < bytes.Length; length++)
        {
            Assert.Equal(BatchStatus.Incomplete, ClientBatch.Read(bytes.AsSpan(0, length), out var batch));
            Assert.Equal(0, batch.Length);
        }
    }

    [Theory, MemberData(nameof(Others))]
    public void What_is_no_single_reading_statement_is_not_waited_for_once_that_is_known(byte[] bytes) =>
        Assert.Equal(BatchStatus.Other, ClientBatch.Read(bytes, out _));

    [Fact]
    public void Its_parts_are_told_apart()
    {
        byte[] bytes = [.. Parse("n", "select $1"), .. Bind("", "n"), .. Describe('P'), .. Execute(), .. Sync()];
        Assert.Equal(BatchStatus.Whole, ClientBatch.Read(bytes, out var batch));
        Assert.Equal("n", Encoding.ASCII.GetString(batch.ParseName));
        Assert.Equal("select $1\0\0\0", Encoding.ASCII.GetString(batch.Content));
        Assert.True(batch is { Describes: true, HasParse: true, IsSimple: false });
        Assert.True(BindArguments.TryGet(batch.Arguments, 1, out var format, out var value));
        Assert.Equal(0, format);
        Assert.Equal("42", Encoding.ASCII.GetString(value));
        Assert.False(BindArguments.TryGet(batch.Arguments, 2, out _, out _));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(5);
        var bytes = new byte[200];
        for (var i = 0; i < 200_000; i++)
        {
            random.NextBytes(bytes);
            bytes[0] = "QPBDES"u8[i % 6];
            bytes[1] = bytes[2] = bytes[3] = 0;
            _ = ClientBatch.Read(bytes, out var batch);
            _ = BindArguments.TryGet(bytes.AsSpan(random.Next(100)), random.Next(-1, 5), out _, out _);
            Assert.True(batch.Length <= bytes.Length);
        }
    }
}
