namespace Freshet.Server.Demo;

/// <summary>A way to the database whose numbers stand in a column of their own.</summary>
internal enum DemoSide
{
    Direct,

    /// <summary>Through Freshet with the cache off.</summary>
    Pooled,

    /// <summary>Through Freshet with the cache in session mode.</summary>
    Cached,
}
