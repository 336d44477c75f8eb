using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Freshet.Tests.Unit.Tidy;

/// <summary>The house style, checked over every text file of the repository.</summary>
public sealed class TidyTests
{
    private static readonly Lazy<Repository> Loaded = new(Repository.Load);

    [Fact]
    public void Every_file_keeps_the_house_style()
    {
        var findings = Findings().Where(finding => !IsExcepted(finding)).ToList();

        Assert.True(findings.Count is 0, string.Join('\n', findings));
    }

    [Fact]
    public void Every_exception_is_still_needed()
    {
        var findings = Findings();
        var stale = TidyExceptions.All.Where(entry => !findings.Any(finding => Matches(entry, finding)));

        Assert.Empty(stale);
    }

    [Fact]
    public void The_repository_is_really_read()
    {
        Assert.Contains(Loaded.Value.Files, file => file.Path is "src/Freshet.Server/Program.cs");
        Assert.Contains(Loaded.Value.Files, file => file.Path is "tests/Unit/Tidy/TidyTests.cs");
        Assert.True(Loaded.Value.Exists("Freshet.slnx"));
    }

    private static List<Finding> Findings()
    {
        var repository = Loaded.Value;
        var commands = Commands(repository);
        return
        [
            .. repository.Files.SelectMany(file =>
                SizeRules
                    .Check(file)
                    .Concat(SyntaxRules.Check(file))
                    .Concat(NameRules.Check(file))
                    .Concat(ArrowRules.Check(file))
                    .Concat(MarkdownRules.Check(file, repository.Exists, commands))
            ),
        ];
    }

    /// <summary>The string literals of the command line's sources hold the name of every command.</summary>
    private static HashSet<string> Commands(Repository repository) =>
        repository
            .Files.Where(file =>
                file.IsCSharp
                && (file.IsUnder("src/Freshet.Server/Cli")
                    || file.Path.EndsWith("Command.cs", StringComparison.Ordinal)))
            .SelectMany(file => file.Syntax.DescendantNodes().OfType<LiteralExpressionSyntax>())
            .Where(literal => literal.IsKind(SyntaxKind.StringLiteralExpression))
            .Select(literal => literal.Token.ValueText)
            .ToHashSet(StringComparer.Ordinal);

    private static bool IsExcepted(Finding finding) => TidyExceptions.All.Any(entry => Matches(entry, finding));

    private static bool Matches((string Rule, string Path, string Reason) entry, Finding finding) =>
        string.Equals(entry.Rule, finding.Rule, StringComparison.Ordinal)
        && string.Equals(entry.Path, finding.Path, StringComparison.Ordinal);
}
