namespace Freshet.Server.Feed.Publications;

/// <summary>A publication as it is.</summary>
/// <param name="IsForAllTables">It names every table, those to come too.</param>
/// <param name="PublishesAll">Inserts, updates, deletes and truncations, none left out.</param>
/// <param name="ViaRoot">A partition's changes are told as those of its root.</param>
/// <param name="IsOwned">The role may alter it.</param>
internal sealed record PublicationFacts(bool IsForAllTables, bool PublishesAll, bool ViaRoot, bool IsOwned);
