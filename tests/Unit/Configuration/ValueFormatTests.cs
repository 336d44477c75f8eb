using Freshet.Server.Configuration;
using Xunit;

namespace Freshet.Tests.Unit.Configuration;

public sealed class ValueFormatTests
{
    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("30s", 30_000)]
    [InlineData("30", 30_000)]
    [InlineData("0.5", 500)]
    [InlineData("1.5 s", 1_500)]
    [InlineData("5m", 300_000)]
    [InlineData("2h", 7_200_000)]
    [InlineData("1d", 86_400_000)]
    [InlineData("0", 0)]
    public void A_duration_has_a_unit_or_is_in_seconds(string text, long milliseconds)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
        Assert.True(Duration.TryParse(Duration.Format(duration), out var again));
        Assert.Equal(duration, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1e3")]
    [InlineData("1,5s")]
    [InlineData("5 minutes")]
    [InlineData("5M")]
    [InlineData("99999999999999999999")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(Duration.TryParse(text, out _));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1234", 1_234)]
    [InlineData("1B", 1)]
    [InlineData("256KB", 262_144)]
    [InlineData("64 mb", 67_108_864)]
    [InlineData("1GB", 1_073_741_824)]
    public void A_size_has_a_unit_or_is_in_bytes(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var size));
        Assert.Equal(bytes, size);
        Assert.True(ByteSize.TryParse(ByteSize.Format(size), out var again));
        Assert.Equal(size, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("KB")]
    [InlineData("-1")]
    [InlineData("1.5MB")]
    [InlineData("1TB")]
    [InlineData("9999999999999GB")]
    public void What_is_no_size_is_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData("127.0.0.1:6432", "127.0.0.1:6432")]
    [InlineData("localhost:1", "127.0.0.1:1")]
    [InlineData("0.0.0.0:0", "0.0.0.0:0")]
    [InlineData("[::1]:5432", "[::1]:5432")]
    public void An_endpoint_is_an_address_and_a_port(string text, string expected)
    {
        Assert.True(EndpointText.TryParse(text, out var endpoint));
        Assert.Equal(expected, endpoint.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("6432")]
    [InlineData(":6432")]
    [InlineData("127.0.0.1")]
    [InlineData("127.1:6432")]
    [InlineData("::1:6432")]
    [InlineData("example.org:6432")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:-1")]
    public void What_is_no_endpoint_is_refused(string text) => Assert.False(EndpointText.TryParse(text, out _));

    [Theory]
    [InlineData("poolsize", "poolSize")]
    [InlineData("usrs", "users")]
    [InlineData("hots", "host")]
    [InlineData("max_client_connections", "maxClientConnections")]
    [InlineData("qqqqqq", null)]
    public void A_misspelt_name_finds_its_neighbour(string written, string? expected) =>
        Assert.Equal(expected, NearestName.Find(written, ["users", "host", "poolSize", "maxClientConnections"]));

    [Fact]
    public void Text_for_one_line_holds_no_control_character()
    {
        var shown = SafeText.OneLine("a\nb\e[31m\u009b");
        Assert.Equal("a\\u000ab\\u001b[31m\\u009b", shown);
        Assert.Equal(0, shown.Count(char.IsControl));
    }
}
