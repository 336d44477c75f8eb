using Freshet.Server.Cli;
using Xunit;

namespace Freshet.Tests.Unit.Cli;

public sealed class RuntimeCryptographyTests
{
    [Fact]
    public void Without_any_OpenSSL_it_is_missing() =>
        Assert.False(RuntimeCryptography.IsPresent(_ => false, @override: null));

    [Theory]
    [InlineData("libssl.so.3")]
    [InlineData("libssl.so.1.1")]
    public void Each_version_that_the_runtime_takes_will_do(string installed) =>
        Assert.True(RuntimeCryptography.IsPresent(name => Is(name, installed), @override: null));

    [Fact]
    public void A_version_named_for_the_runtime_will_do()
    {
        Assert.True(RuntimeCryptography.IsPresent(name => Is(name, "libssl.so.9"), "9"));
        Assert.False(RuntimeCryptography.IsPresent(name => Is(name, "libssl.so.9"), ""));
    }

    private static bool Is(string name, string other) => string.Equals(name, other, StringComparison.Ordinal);
}
