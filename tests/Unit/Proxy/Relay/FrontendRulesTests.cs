using Freshet.Core.Wire;
using Freshet.Server.Proxy.Relay;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Relay;

public sealed class FrontendRulesTests
{
    private const string Small = "CDEHScfX";
    private const string Large = "QPBFd";

    [Fact]
    public void Only_the_messages_of_a_session_are_let_through()
    {
        for (int type = 0; type < 256; type++)
        {
            bool known = (Small + Large).Contains((char)type, StringComparison.Ordinal);
            Assert.Equal(known, FrontendRules.Fault((byte)type, 4) is null);
        }

        Assert.NotNull(FrontendRules.Fault(FrontendMessage.Password, 8));
    }

    [Fact]
    public void Lengths_are_limited_as_the_server_limits_them()
    {
        foreach (char type in Small + Large)
        {
            int most = Small.Contains(type, StringComparison.Ordinal) ? 10_000 : 0x3ffffffe;
            Assert.Null(FrontendRules.Fault((byte)type, 4));
            Assert.Null(FrontendRules.Fault((byte)type, most));
            foreach (int wrong in new[] { most + 1, 3, 0, -1, int.MinValue, int.MaxValue })
            {
                string fault = FrontendRules.Fault((byte)type, wrong)!;
                Assert.Contains(wrong.ToString(System.Globalization.CultureInfo.InvariantCulture), fault,
                    StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData('Q', true)]
    [InlineData('F', true)]
    [InlineData('S', true)]
    [InlineData('P', false)]
    [InlineData('B', false)]
    [InlineData('E', false)]
    [InlineData('C', false)]
    public void Each_request_has_its_answer(char type, bool endsWithReady)
    {
        ExpectedKind? kind = FrontendRules.Answer((byte)type);
        Assert.NotNull(kind);
        Assert.Equal(endsWithReady, new ExpectedResponse(kind.Value, ExpectedFlags.None, null).EndsWithReady);
    }

    [Theory]
    [InlineData('H')]
    [InlineData('d')]
    [InlineData('c')]
    [InlineData('f')]
    [InlineData('X')]
    public void Some_messages_get_no_answer(char type) => Assert.Null(FrontendRules.Answer((byte)type));
}
