using Freshet.Core.Wire;
using Freshet.Server.Feed;
using Freshet.Server.Feed.Connection;
using Xunit;

namespace Freshet.Tests.Unit.Feed;

public sealed class BackendConnectionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100_000)]
    public void Messages_are_the_same_wherever_the_network_splits_them(int mostBytes)
    {
        MessageWriter messages = new();
        byte[] long1 = new byte[BackendConnection.KeptBytes + 12_345];
        messages.Begin((byte)'Z').Byte((byte)'I').End()
            .Begin((byte)'d').Bytes(new byte[40_000]).End()
            .Begin((byte)'d').Bytes(mostBytes == 1 ? [] : long1).End()
            .Begin((byte)'c').End();
        using var connection = new BackendConnection(new SplitStream(messages.ToArray(), mostBytes));
        Assert.Equal(('Z', 1, false), Read(connection));
        Assert.Equal(('d', 40_000, false), Read(connection));
        Assert.Equal(
            mostBytes == 1 ? ('d', 0, false) : ('d', BackendConnection.KeptBytes, true), Read(connection));
        Assert.Equal(('c', 0, false), Read(connection));
        Assert.Equal(FeedFailure.Lost, Assert.Throws<FeedException>(() => Read(connection)).Failure);
    }

    [Theory]
    [InlineData(new byte[] { (byte)'d', 0, 0, 0, 3 })]
    [InlineData(new byte[] { (byte)'d', 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { (byte)'d', 0x7f, 0xff, 0xff, 0xff })]
    public void An_impossible_length_is_refused_before_anything_is_read_for_it(byte[] header)
    {
        using var connection = new BackendConnection(new SplitStream(header, 100));
        FeedException failure = Assert.Throws<FeedException>(() => Read(connection));
        Assert.Equal(FeedFailure.ProtocolViolation, failure.Failure);
    }

    [Fact]
    public void A_query_gives_its_rows_and_an_error_gives_its_state_after_the_server_is_ready_again()
    {
        MessageWriter answer = new MessageWriter()
            .Begin(BackendMessage.DataRow).Int16(2).Int32(1).Bytes("a"u8).Int32(-1).End()
            .Begin(BackendMessage.ReadyForQuery).Byte((byte)'I').End()
            .Begin(BackendMessage.ErrorResponse).Bytes("C42501\0Mno\0\0"u8).End()
            .Begin(BackendMessage.ReadyForQuery).Byte((byte)'I').End()
            .Begin(BackendMessage.ReadyForQuery).Byte((byte)'I').End();
        using var connection = new BackendConnection(new SplitStream(answer.ToArray(), 3));
        Assert.Equal("a,", string.Join(',', Assert.Single(connection.Query("select"))));
        FeedException refusal = Assert.Throws<FeedException>(() => connection.Query("select"));
        Assert.Equal(("42501", "no"), (refusal.SqlState, refusal.Message));
        Assert.Empty(connection.Query("select"));
    }

    [Theory]
    [InlineData(new byte[] { 0xff, 0xff })]
    [InlineData(new byte[] { 0, 1, 0, 0, 0, 5, 1 })]
    [InlineData(new byte[] { 0, 1, 0xff, 0xff, 0xff, 0xfe })]
    [InlineData(new byte[] { 0, 1 })]
    public void A_malformed_row_is_a_protocol_violation(byte[] row)
    {
        byte[] answer = new MessageWriter().Begin(BackendMessage.DataRow).Bytes(row).End().ToArray();
        using var connection = new BackendConnection(new SplitStream(answer, 100));
        Assert.Equal(
            FeedFailure.ProtocolViolation, Assert.Throws<FeedException>(() => connection.Query("select")).Failure);
    }

    [Theory]
    [InlineData("15.19 (Debian 15.19-0+deb12u1)", 150_019)]
    [InlineData("18beta1", 180_000)]
    [InlineData("9.6.24", 90_006)]
    [InlineData("", 0)]
    [InlineData("99999999999", 0)]
    public void A_servers_version_is_read_from_what_it_reports(string text, int expected) =>
        Assert.Equal(expected, BackendLogin.VersionNumber(text));

    private static (char Type, int Length, bool IsCut) Read(BackendConnection connection)
    {
        BackendFrame frame = connection.Read();
        return ((char)frame.Type, frame.Body.Length, frame.IsCut);
    }

    /// <summary>Gives its bytes in small pieces, and takes what is written.</summary>
    private sealed class SplitStream(byte[] bytes, int mostBytes) : MemoryStream(bytes, writable: false)
    {
        public override int Read(byte[] buffer, int offset, int count) =>
            base.Read(buffer, offset, Math.Min(count, mostBytes));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            // What is sent does not come back.
        }
    }
}
