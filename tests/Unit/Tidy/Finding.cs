namespace Freshet.Tests.Unit.Tidy;

/// <summary>One breach of the house style.</summary>
/// <param name="Rule">The rule's short name, as the exceptions list writes it.</param>
/// <param name="Path">Relative to the root.</param>
/// <param name="Line">1 for a breach of the whole file.</param>
/// <param name="Message">What is wrong, with the value found.</param>
internal sealed record Finding(string Rule, string Path, int Line, string Message)
{
    public override string ToString() => $"{Path}:{Line}: [{Rule}] {Message}";
}
