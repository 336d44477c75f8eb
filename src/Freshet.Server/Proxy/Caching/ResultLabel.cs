namespace Freshet.Server.Proxy.Caching;

/// <summary>A name by which results are invalidated together: a tag, a profile or a key.</summary>
internal readonly record struct ResultLabel(InvalidationKind Kind, string Name);
