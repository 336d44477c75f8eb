namespace Freshet.Server.Proxy.Caching;

/// <summary>What becomes of the input of a client at rest.</summary>
internal enum CacheDecision
{
    /// <summary>It goes to a server.</summary>
    Pass,

    /// <summary>It was answered from the cache.</summary>
    Served,

    /// <summary>The client is held: the input is looked at again later.</summary>
    Held,

    /// <summary>More of it is to come before anything can be said.</summary>
    Incomplete,
}
