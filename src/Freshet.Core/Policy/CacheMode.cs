namespace Freshet.Core.Policy;

/// <summary>What a client may rely on that is served from the cache. <c>docs/consistency.md</c> says it at length.
/// </summary>
internal enum CacheMode
{
    /// <summary>Nothing is cached.</summary>
    Off,

    /// <summary>Results up to a maximum age, as Hyperdrive does. Needs nothing of the server.</summary>
    Bounded,

    /// <summary>A session sees its own writes and never goes backwards; others' writes within milliseconds. The
    /// default.</summary>
    Session,

    /// <summary>Every hit shows all that was committed before its request arrived.</summary>
    Strict,
}
