namespace Freshet.Core.Sql.Analysis;

/// <summary>A word of a statement that may name something.</summary>
/// <param name="Name">Folded and without quotes, as the server takes it.</param>
/// <param name="Qualifier">The word before it and a dot; null: none.</param>
/// <param name="IsCalled">A parenthesis follows, or it stands behind <c>(…).</c>, where a function of one argument may
/// stand too.</param>
internal readonly record struct SqlName(string Name, string? Qualifier, bool IsCalled)
{
    /// <summary>All of it is ASCII. The bytes of other names depend on the encoding of who sends them.</summary>
    public bool IsPlain => System.Text.Ascii.IsValid(Name);
}
