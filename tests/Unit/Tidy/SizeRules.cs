using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Freshet.Tests.Unit.Tidy;

/// <summary>Files ≤ 400 lines, methods ≤ 70, lines ≤ 120 columns.</summary>
internal static class SizeRules
{
    internal const int MostFileLines = 400;
    internal const int MostMethodLines = 70;
    internal const int MostColumns = 120;

    // Prose, tables and generated lists of versions have no line length.
    private static readonly string[] CodeExtensions =
        [".cs", ".csproj", ".props", ".targets", ".sh", ".js", ".mjs", ".py", ".css"];

    public static IEnumerable<Finding> Check(SourceFile file)
    {
        if (!IsCode(file))
        {
            return [];
        }

        var findings = Lines(file);
        return file.IsCSharp ? findings.Concat(Methods(file)) : findings;
    }

    private static bool IsCode(SourceFile file) =>
        CodeExtensions.Contains(file.Extension, StringComparer.Ordinal)
        || (file.Extension.Length == 0 && file.Text.StartsWith("#!", StringComparison.Ordinal));

    private static IEnumerable<Finding> Lines(SourceFile file)
    {
        var count = file.Text.EndsWith('\n') ? file.Lines.Length - 1 : file.Lines.Length;
        if (count > MostFileLines)
        {
            yield return new Finding("file-lines", file.Path, 1, $"{count} lines, most {MostFileLines}");
        }

        for (var index = 0; index < file.Lines.Length; index++)
        {
            var columns = file.Lines[index].TrimEnd('\r').EnumerateRunes().Count();
            if (columns > MostColumns)
            {
                yield return new Finding("columns", file.Path, index + 1, $"{columns} columns, most {MostColumns}");
            }
        }
    }

    private static IEnumerable<Finding> Methods(SourceFile file)
    {
        foreach (var node in file.Syntax.DescendantNodes())
        {
            if (node is not (BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax))
            {
                continue;
            }

            // The span without leading trivia: a doc comment costs nothing.
            var span = node.SyntaxTree.GetLineSpan(node.Span);
            var lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
            if (lines > MostMethodLines)
            {
                var message = $"{NameOf(node)} has {lines} lines, most {MostMethodLines}";
                yield return new Finding("method-lines", file.Path, file.LineOf(node.Span), message);
            }
        }
    }

    private static string NameOf(SyntaxNode node) =>
        node switch
        {
            MethodDeclarationSyntax method => method.Identifier.Text,
            ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
            LocalFunctionStatementSyntax local => local.Identifier.Text,
            AccessorDeclarationSyntax accessor => accessor.Keyword.Text,
            _ => node.Kind().ToString(),
        };
}
