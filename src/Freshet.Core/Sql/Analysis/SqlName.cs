namespace Freshet.Core.Sql.Analysis;

/// <summary>A word of a statement that may name something.</summary>
/// <param name="Name">Folded and without quotes, as the server takes it.</param>
/// <param name="Qualifier">The word before it and a dot; null: none.</param>
/// <param name="IsCalled">A parenthesis follows.</param>
internal readonly record struct SqlName(string Name, string? Qualifier, bool IsCalled);
