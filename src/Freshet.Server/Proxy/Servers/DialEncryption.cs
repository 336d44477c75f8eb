namespace Freshet.Server.Proxy.Servers;

/// <summary>What one attempt to reach a server does about TLS.</summary>
internal enum DialEncryption
{
    /// <summary>Not asked for.</summary>
    None,

    /// <summary>Asked for; without it where the server says no.</summary>
    IfOffered,

    /// <summary>A server that says no is left.</summary>
    Required,
}
