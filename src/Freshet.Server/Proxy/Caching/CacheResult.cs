namespace Freshet.Server.Proxy.Caching;

/// <summary>How a request was answered; the values are those that Hyperdrive reports.</summary>
internal enum CacheResult
{
    Hit,
    Miss,

    /// <summary>The mode, the rollout or the feed's state keeps the cache out of it.</summary>
    Disabled,
    Uncacheable,
    MultipleStatements,
    NotAQuery,
    OversizedQuery,
    OversizedResult,
    ParseError,

    /// <summary>Inside a transaction, or in a session that keeps its server connection.</summary>
    Transaction,
    Volatile,
}
