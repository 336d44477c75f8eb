namespace Freshet.Server.Feed;

/// <summary>Whose WAL positions are meant: positions of another cluster or timeline do not compare.</summary>
/// <param name="System">The cluster's system identifier.</param>
/// <param name="Timeline">Changes with each promotion.</param>
internal readonly record struct ServerIdentity(ulong System, uint Timeline)
{
    public override string ToString() => $"system {System}, timeline {Timeline}";
}
