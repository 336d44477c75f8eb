namespace Freshet.Tests.Integration.Servers;

/// <summary>The way from a client to PostgreSQL that a test takes.</summary>
public enum Route
{
    /// <summary>No proxy: what the others are compared with.</summary>
    Direct,

    /// <summary>Through the proxy in session mode.</summary>
    Session,

    /// <summary>Through the proxy in transaction mode, with servers to spare.</summary>
    Transaction,

    /// <summary>Through the proxy in transaction mode with one server connection that all clients take turns on.
    /// </summary>
    SingleServer,

    /// <summary>Through the proxy in transaction mode with two server connections.</summary>
    TwoServers,

    /// <summary>As <see cref="Transaction"/>, with the cache on.</summary>
    Cached,
}
