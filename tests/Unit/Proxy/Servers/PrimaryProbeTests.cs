using System.Text;
using Freshet.Core.Consistency;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Servers;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Servers;

public sealed class PrimaryProbeTests
{
    private readonly PrimaryProbe _probe = new();

    [Fact]
    public void An_answer_is_read_message_by_message()
    {
        Assert.True(_probe.Take(BackendMessage.RowDescription, [0, 3]));
        Assert.True(_probe.Take(BackendMessage.DataRow, Row("f", "7416", "00000002")));
        Assert.True(_probe.Take(BackendMessage.CommandComplete, "SELECT 1\0"u8));
        Assert.Equal(new PrimaryIdentity(7416, 2), _probe.Found);
        Assert.Null(_probe.Refusal);
    }

    [Fact]
    public void A_standby_has_no_timeline()
    {
        _probe.Take(BackendMessage.DataRow, Row("t", "7416", null));
        Assert.True(_probe.Found.IsStandby);
    }

    [Fact]
    public void A_refusal_leaves_it_unknown()
    {
        byte[] error = "SERROR\0C42501\0Mpermission denied for function pg_control_system\0\0"u8.ToArray();
        Assert.True(_probe.Take(BackendMessage.ErrorResponse, error));
        Assert.False(_probe.Found.IsKnown);
        Assert.Equal("permission denied for function pg_control_system", _probe.Refusal);
    }

    [Fact]
    public void What_is_cut_or_malformed_leaves_it_unknown()
    {
        byte[] whole = Row("f", "7416", "00000002");
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.True(_probe.Take(BackendMessage.DataRow, whole.AsSpan(0, length)));
            Assert.False(_probe.Found.IsKnown);
        }

        _probe.Take(BackendMessage.DataRow, [0, 3, 0x7F, 0xFF, 0xFF, 0xFF, 1, 1]);
        Assert.False(_probe.Found.IsKnown);
        _probe.Take(BackendMessage.DataRow, Row("f", "7416"));
        Assert.False(_probe.Found.IsKnown);
    }

    [Fact]
    public void Other_messages_do_not_belong_to_it() =>
        Assert.False(_probe.Take(BackendMessage.CopyInResponse, [0, 0, 0]));

    private static byte[] Row(params string?[] values)
    {
        MessageWriter row = new MessageWriter().Begin(BackendMessage.DataRow).Int16((short)values.Length);
        foreach (string? value in values)
        {
            row = value is null ? row.Int32(-1) : row.Int32(value.Length).Bytes(Encoding.ASCII.GetBytes(value));
        }

        return row.End().ToArray()[5..];
    }
}
