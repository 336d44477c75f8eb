namespace Freshet.Server.Proxy;

/// <summary>Counts of rare events, over all loops; changed with <see cref="Interlocked"/>.</summary>
internal sealed class ProxyCounters
{
    public long Clients, LoggingIn, ClientsAccepted, ClientsRefused, LoginFailures, ProtocolErrors, CancelRequests;
    public long CancelsDropped;
}
