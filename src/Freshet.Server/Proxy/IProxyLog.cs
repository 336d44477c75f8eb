namespace Freshet.Server.Proxy;

/// <summary>What the data plane tells the log. Called from loop threads: must not block. The seam towards the
/// control plane's logging.</summary>
internal interface IProxyLog
{
    void Write(ProxyLogLevel level, string message);
}

internal enum ProxyLogLevel
{
    Debug,
    Information,
    Warning,
    Error,
}
