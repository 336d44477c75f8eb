using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>
/// A freshet process of one test, with a bystander: a client in an open transaction that must not notice anything.
/// <see cref="EndAsync"/> asks the bystander and counts what the test has left behind.
/// </summary>
internal sealed class GuardedProxy : IAsyncDisposable
{
    private Footprint? _before;
    private WireClient? _bystander;
    private string? _bystandersServer;

    private GuardedProxy(FreshetProcess process) => Process = process;

    public FreshetProcess Process { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>In front of a real server, with a bystander.</summary>
    public static async Task<GuardedProxy> StartAsync(ProxyOptions options)
    {
        var proxy = await StartAloneAsync(options);
        await proxy.WatchAsync();
        return proxy;
    }

    /// <summary>In front of a scripted server, where a bystander would be in the way.</summary>
    public static async Task<GuardedProxy> StartAloneAsync(ProxyOptions options)
    {
        var proxy = new GuardedProxy(await FreshetProcess.StartAsync(options, Cancellation));
        // The first answer brings the HTTP server's own descriptors to life.
        await Footprint.ReadAsync(proxy.Process, Cancellation);
        proxy._before = await Footprint.ReadAsync(proxy.Process, Cancellation);
        return proxy;
    }

    /// <summary>By trust, as role <c>wire</c>.</summary>
    public WireClient Login(string name = "client", params (string Name, string Value)[] parameters) =>
        Connect(name).Login("wire", "wire", parameters);

    public WireClient Connect(string name = "client") => WireClient.Connect("127.0.0.1", Process.Port, name);

    /// <summary>Puts the bystander into its transaction.</summary>
    public Task WatchAsync()
    {
        _bystander = Login("bystander");
        _bystander.Query("begin");
        _bystandersServer = _bystander.Query("select pg_backend_pid()");
        return Task.CompletedTask;
    }

    public async Task EndAsync()
    {
        if (_bystander is not null)
        {
            Assert.Equal(_bystandersServer, _bystander.Query("select pg_backend_pid()"));
            _bystander.Query("commit");
            Assert.DoesNotContain(_bystander.Received, message => message.Type is 'E');
            _bystander.Dispose();
        }

        await Footprint.AssertNothingLeakedAsync(Process, _before!, Cancellation);
    }

    /// <summary>One sample of <c>/metrics</c>, summed over its labels.</summary>
    public async Task<double> MetricAsync(string name) =>
        (await Process.ReadMetricsAsync(Cancellation))
            .Where(sample => sample.Key.Split('{')[0].Equals(name, StringComparison.Ordinal))
            .Sum(sample => sample.Value);

    public ValueTask DisposeAsync()
    {
        _bystander?.Dispose();
        Process.Kill();
        return Process.DisposeAsync();
    }
}
