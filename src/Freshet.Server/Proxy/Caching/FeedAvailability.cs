namespace Freshet.Server.Proxy.Caching;

/// <summary>Whether the database's changes can be followed.</summary>
internal enum FeedAvailability
{
    /// <summary>Not known yet, or broken for the moment: what asks for versions goes past the cache.</summary>
    Starting,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>The server or the role does not allow it: the fallback mode is in force.</summary>
    Unavailable,
}
