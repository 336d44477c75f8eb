namespace Freshet.Core.Consistency;

/// <summary>The state of the database that a result belongs to. Commits stream in the order of their LSNs, so the
/// greatest version of its tables tells their whole version vector: any further commit to any of them makes it greater.
/// </summary>
/// <param name="Version">The greatest <see cref="VersionCell.Version"/> of what it depends on.</param>
/// <param name="SchemaVersion"><see cref="Freshness.SchemaVersion"/>.</param>
/// <param name="Epoch">The incarnation of the stream; always even.</param>
internal readonly record struct ResultStamp(long Version, long SchemaVersion, long Epoch);
