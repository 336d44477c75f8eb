using System.Collections.Immutable;
using System.Net;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Proxy;

/// <summary>The data plane's front door: starts the event loops, swaps snapshots, drains, tells numbers.</summary>
internal sealed class ProxyHost : IDisposable
{
    public static ProxyHost Start(ProxySnapshot snapshot, IProxyLog log) => throw new NotSupportedException();

    /// <summary>The addresses really bound, port 0 resolved.</summary>
    public ImmutableArray<IPEndPoint> Addresses => throw new NotSupportedException();

    /// <summary>Obeys another snapshot from now on. <c>Listen</c> and <c>Threads</c> are fixed after the start.</summary>
    public void Reload(ProxySnapshot snapshot) => throw new NotSupportedException();

    /// <summary>Accepts nobody any more, lets transactions end, closes idle clients with 57P01, returns when all are
    /// gone or <see cref="ProxySnapshot.DrainTimeout"/> has passed.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public ProxyStatistics GetStatistics() => throw new NotSupportedException();

    public void Dispose() { }
}
