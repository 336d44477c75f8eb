using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace Freshet.Tests.Unit.Tidy;

/// <summary>One text file of the repository, or a sample that a self-test invents.</summary>
/// <param name="Path">Relative to the root, with forward slashes.</param>
/// <param name="Text">The whole content.</param>
internal sealed record SourceFile(string Path, string Text)
{
    private SyntaxNode? _syntax;

    public string[] Lines { get; } = Text.Split('\n');

    public string Extension => System.IO.Path.GetExtension(Path);

    public bool IsCSharp => Extension is ".cs";

    /// <summary>Parsed once; C# files only.</summary>
    public SyntaxNode Syntax => _syntax ??= CSharpSyntaxTree.ParseText(Text, Options).GetRoot();

    private static CSharpParseOptions Options { get; } = new(LanguageVersion.Preview);

    public int LineOf(TextSpan span) => Syntax.SyntaxTree.GetLineSpan(span).StartLinePosition.Line + 1;

    public bool IsUnder(string folder) => Path.StartsWith(folder + "/", StringComparison.Ordinal);
}
