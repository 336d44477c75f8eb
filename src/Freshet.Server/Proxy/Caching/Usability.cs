namespace Freshet.Server.Proxy.Caching;

/// <summary>Whether a stored result may be served.</summary>
internal enum Usability
{
    No,
    Yes,

    /// <summary>The client is held; it is looked at again.</summary>
    Later,
}
