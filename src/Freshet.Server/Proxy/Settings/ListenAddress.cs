using System.Net;

namespace Freshet.Server.Proxy.Settings;

/// <summary>One TCP address that the proxy listens on; port 0 takes a free one.</summary>
internal sealed record ListenAddress(IPAddress Address, int Port)
{
    public override string ToString() => new IPEndPoint(Address, Port).ToString();
}
