using Freshet.Server.Demo;
using Xunit;

namespace Freshet.Tests.Unit.Demo;

public sealed class ProxyProcessTests
{
    [Theory]
    [InlineData("ready listen=127.0.0.1:6432 http=127.0.0.1:8432", "listen=", "127.0.0.1:6432")]
    [InlineData("ready listen=127.0.0.1:6432 http=127.0.0.1:8432", "http=", "127.0.0.1:8432")]
    [InlineData("ready listen=127.0.0.1:6432 http=off", "http=", null)]
    [InlineData("ready", "listen=", null)]
    public void Reads_the_addresses_of_the_ready_line(string line, string key, string? address) =>
        Assert.Equal(address, ProxyProcess.AddressIn(line, key)?.ToString());
}
