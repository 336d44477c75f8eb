namespace Freshet.Server.Proxy.Settings;

/// <summary>When a server connection goes back to its pool. The names are PgBouncer's.</summary>
internal enum PoolMode
{
    /// <summary>When the client disconnects.</summary>
    Session,

    /// <summary>When the transaction ends. The default.</summary>
    Transaction,

    /// <summary>When the statement ends; transactions of several statements are refused.</summary>
    Statement,
}
