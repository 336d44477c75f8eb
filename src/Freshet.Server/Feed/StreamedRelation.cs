using Freshet.Core.Consistency;

namespace Freshet.Server.Feed;

/// <summary>A table as the stream has described it.</summary>
/// <param name="Table">Its versions.</param>
/// <param name="Description">The Relation message, to tell whether it has changed.</param>
/// <param name="KeyColumn">The place of its one key column among the streamed ones; -1: several, none, or of a type
/// that
/// is not followed by value.</param>
/// <param name="KeyType">Oid of that column's type.</param>
internal sealed record StreamedRelation(TableVersion Table, byte[] Description, int KeyColumn, uint KeyType);
