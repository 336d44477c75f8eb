namespace Freshet.Server.Proxy.Caching;

/// <summary>What the bytes of a client at rest begin with.</summary>
internal enum BatchStatus
{
    /// <summary>Not a batch that could be answered from the cache.</summary>
    Other,

    /// <summary>So far it could be one; its end is not here yet.</summary>
    Incomplete,

    /// <summary>One statement, run once, its end included.</summary>
    Whole,
}
