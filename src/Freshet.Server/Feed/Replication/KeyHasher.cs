namespace Freshet.Server.Feed.Replication;

/// <summary>Hashes a key's value as whoever looks up a key's bucket does: equal values of the type give equal hashes,
/// whatever their text.</summary>
/// <param name="typeOid">The column's type (<c>pg_attribute.atttypid</c>).</param>
/// <param name="textValue">The value in its text form.</param>
/// <param name="hash">What <see cref="Freshet.Core.Consistency.TableVersion.Bucket"/> takes.</param>
/// <returns>False for a type that is not hashed: any row of the table counts as touched then.</returns>
internal delegate bool KeyHasher(uint typeOid, ReadOnlySpan<byte> textValue, out ulong hash);
