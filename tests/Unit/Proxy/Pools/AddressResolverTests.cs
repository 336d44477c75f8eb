using System.Net;
using System.Text;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Pools;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Pools;

public sealed class AddressResolverTests : IDisposable
{
    private readonly EventLoop _loop = new(0, new PollTable(), new ProxyScene.SilentLog());
    private readonly AddressResolver _resolver = new();

    public void Dispose() => _loop.Dispose();

    private (byte[]? Address, string? Failure)? Now(string host, int port)
    {
        (byte[]?, string?)? found = null;
        _resolver.Resolve(host, port, _loop, (address, failure) => found = (address, failure));
        return found;
    }

    [Fact]
    public void Numbers_and_paths_are_answered_at_once()
    {
        Assert.Equal([2, 0, 0x19, 0x20, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], Now("127.0.0.1", 6432)!.Value.Address!);

        byte[] v6 = Now("fe80::1%3", 5432)!.Value.Address!;
        Assert.Equal(28, v6.Length);
        Assert.Equal([10, 0, 0x15, 0x38, 0, 0, 0, 0], v6[..8]);
        Assert.Equal(IPAddress.Parse("fe80::1").GetAddressBytes(), v6[8..24]);
        Assert.Equal([3, 0, 0, 0], v6[24..]);

        byte[] unix = Now("/run/postgresql", 5432)!.Value.Address!;
        Assert.Equal("/run/postgresql/.s.PGSQL.5432\0", Encoding.ASCII.GetString(unix[2..]));
        Assert.Equal([1, 0], unix[..2]);
    }

    [Fact]
    public void A_path_longer_than_the_kernel_takes_is_refused_with_the_reason()
    {
        (byte[]? address, string? failure) = Now("/" + new string('x', 107), 5432)!.Value;
        Assert.Null(address);
        Assert.Contains("107", failure, StringComparison.Ordinal);
        Assert.NotNull(Now("/" + new string('x', 106 - "/.s.PGSQL.5432".Length), 5432)!.Value.Address);
    }

    [Fact]
    public void A_name_is_looked_up_once_and_answered_on_the_loop()
    {
        _loop.Start();
        using var answered = new ManualResetEventSlim();
        byte[]? address = null;
        bool onLoop = false;
        _resolver.Resolve("localhost", 5432, _loop, (found, _) =>
        {
            address = found;
            onLoop = _loop.IsCurrent;
            answered.Set();
        });
        Assert.True(answered.Wait(TimeSpan.FromSeconds(30)));
        Assert.NotNull(address);
        Assert.True(onLoop);
        Assert.NotNull(Now("LOCALHOST", 5432)!.Value.Address); // known now: at once
    }

    [Fact]
    public void A_name_that_does_not_exist_is_answered_with_the_reason()
    {
        _loop.Start();
        using var answered = new ManualResetEventSlim();
        (byte[]? Address, string? Failure) result = default;
        _resolver.Resolve("no such host", 5432, _loop, (address, failure) =>
        {
            result = (address, failure);
            answered.Set();
        });
        Assert.True(answered.Wait(TimeSpan.FromSeconds(60)));
        Assert.Null(result.Address);
        Assert.NotEmpty(result.Failure!);
    }
}
