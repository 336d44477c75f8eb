using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Freshet.Tests.Unit.Tidy;

/// <summary>What the language offers and the house style does not take.</summary>
internal static class SyntaxRules
{
    // A source generator completes the type that bears, or has a member that bears, one of these.
    private static readonly string[] GeneratorAttributes =
        ["LibraryImport", "GeneratedRegex", "JsonSerializable", "LoggerMessage", "JsonSourceGenerationOptions"];

    private static readonly string[] ClockMembers = ["Now", "UtcNow", "Today"];

    // Written in two halves, or this file would break its own rule.
    private static readonly Regex Unfinished = new(
        @"\b(?:TO" + "DO|FIX" + "ME|HA" + @"CK|XX" + @"X)\b",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        TimeSpan.FromSeconds(5)
    );

    public static IEnumerable<Finding> Check(SourceFile file)
    {
        if (!file.IsCSharp)
        {
            return UnfinishedText(file);
        }

        return Regions(file).Concat(Partials(file)).Concat(UnfinishedCode(file)).Concat(Clocks(file));
    }

    private static IEnumerable<Finding> Regions(SourceFile file) =>
        file.Syntax.DescendantTrivia(descendIntoTrivia: true)
            .Where(trivia => trivia.IsKind(SyntaxKind.RegionDirectiveTrivia))
            .Select(trivia => new Finding("region", file.Path, file.LineOf(trivia.Span), "a region hides code"));

    private static IEnumerable<Finding> Partials(SourceFile file)
    {
        foreach (var type in file.Syntax.DescendantNodes().OfType<TypeDeclarationSyntax>())
        {
            var partial = type.Modifiers.FirstOrDefault(modifier => modifier.IsKind(SyntaxKind.PartialKeyword));
            if (partial != default && !IsGenerated(type))
            {
                var message = $"{type.Identifier.Text} is partial and no source generator needs it";
                yield return new Finding("partial", file.Path, file.LineOf(partial.Span), message);
            }
        }
    }

    private static bool IsGenerated(TypeDeclarationSyntax type) =>
        type.DescendantNodes()
            .OfType<AttributeSyntax>()
            .Any(attribute => GeneratorAttributes.Contains(LastName(attribute.Name), StringComparer.Ordinal));

    private static string LastName(NameSyntax name)
    {
        var text = name is QualifiedNameSyntax qualified ? qualified.Right.Identifier.Text : name.ToString();
        return text.EndsWith("Attribute", StringComparison.Ordinal) ? text[..^"Attribute".Length] : text;
    }

    private static IEnumerable<Finding> UnfinishedText(SourceFile file)
    {
        for (var index = 0; index < file.Lines.Length; index++)
        {
            if (Unfinished.Match(file.Lines[index]) is { Success: true } match)
            {
                yield return new Finding("unfinished", file.Path, index + 1, match.Value);
            }
        }
    }

    private static IEnumerable<Finding> UnfinishedCode(SourceFile file)
    {
        foreach (var trivia in file.Syntax.DescendantTrivia())
        {
            if (IsComment(trivia) && Unfinished.Match(trivia.ToFullString()) is { Success: true } match)
            {
                yield return new Finding("unfinished", file.Path, file.LineOf(trivia.Span), match.Value);
            }
        }

        foreach (var name in file.Syntax.DescendantNodes().OfType<IdentifierNameSyntax>())
        {
            if (name.Identifier.Text is nameof(NotImplementedException) && !IsNameOf(name))
            {
                yield return new Finding("unfinished", file.Path, file.LineOf(name.Span), name.Identifier.Text);
            }
        }
    }

    private static bool IsComment(SyntaxTrivia trivia) =>
        trivia.Kind()
            is SyntaxKind.SingleLineCommentTrivia
                or SyntaxKind.MultiLineCommentTrivia
                or SyntaxKind.SingleLineDocumentationCommentTrivia
                or SyntaxKind.MultiLineDocumentationCommentTrivia;

    private static bool IsNameOf(SyntaxNode node) =>
        node.Ancestors().OfType<InvocationExpressionSyntax>().Any(call => call.Expression.ToString() is "nameof");

    /// <summary>Time comes from <see cref="TimeProvider"/> (or the loop's monotonic clock), and unit tests do not
    /// sleep.</summary>
    private static IEnumerable<Finding> Clocks(SourceFile file)
    {
        var isUnitTest = file.IsUnder("tests/Unit");
        if (!isUnitTest && !file.IsUnder("src"))
        {
            yield break;
        }

        foreach (var access in file.Syntax.DescendantNodes().OfType<MemberAccessExpressionSyntax>())
        {
            var member = access.Name.Identifier.Text;
            var owner = access.Expression.ToString();
            if (owner is "DateTime" or "DateTimeOffset" && ClockMembers.Contains(member, StringComparer.Ordinal))
            {
                var message = $"{owner}.{member}: use TimeProvider";
                yield return new Finding("clock", file.Path, file.LineOf(access.Span), message);
            }

            if (isUnitTest && (owner, member) is ("Thread", "Sleep") or ("Task", "Delay"))
            {
                yield return new Finding("sleep", file.Path, file.LineOf(access.Span), $"{owner}.{member}: fake time");
            }
        }
    }
}
