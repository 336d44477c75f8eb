namespace Freshet.Core.Consistency;

/// <summary>What one streamed transaction did to a table: to the rows of one key, or to unknown ones.</summary>
/// <param name="Table">The table.</param>
/// <param name="KeyHash">The hash of the row's key, as <see cref="TableVersion.Bucket"/> takes it.</param>
/// <param name="IsWhole">Any row may be concerned; the hash does not count.</param>
internal readonly record struct TableChange(TableVersion Table, ulong KeyHash, bool IsWhole);
