namespace Freshet.Server.Proxy.Servers;

/// <summary>Where a server connection stands. Only <see cref="Idle"/> ones stand in their pool's idle lists, and only
/// those may change loops.</summary>
internal enum ServerState
{
    /// <summary>Connecting, TLS handshake, login.</summary>
    Login,

    /// <summary>In the pool, ready to be lent.</summary>
    Idle,

    /// <summary>Taken out of the idle list by its own loop to read what the server said unasked.</summary>
    Inspected,

    /// <summary>Lent to a client, or on its way to one.</summary>
    Active,

    /// <summary>The proxy runs something of its own (reset, rollback) before lending it again.</summary>
    Cleaning,

    Closed,
}
