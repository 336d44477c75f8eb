using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Freshet.Tests.Unit.Tidy;

/// <summary>Names that say nothing, and names of the machine that somebody worked on.</summary>
internal static class NameRules
{
    private static readonly string[] BannedFolders =
        ["Common", "Helpers", "Helper", "Managers", "Manager", "Utils", "Util", "Utilities", "Misc", "Shared"];

    private static readonly string[] BannedEndings = ["Helper", "Helpers", "Manager", "Managers", "Utils", "Util"];

    // The slash apart, or this file would break its own rule.
    private static readonly Regex MachinePath = new(
        "(?<![\\w.~}$*-])/" + @"(?:work|root|home|Users)/[\w.]+",
        RegexOptions.CultureInvariant,
        TimeSpan.FromSeconds(5)
    );

    // Where a package came from is the business of the machine that restores it.
    private static readonly Regex RegistryHost = new(
        @"https?:" + @"//[^\s""'<>)]*"
            + @"(?:artifactory|nexus|registry\.|/npm/|/nuget/|/pypi/|/simple/|\.internal\b|\.corp\b)"
            + "|\"resolved\"" + @"\s*:\s*""https?:",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase,
        TimeSpan.FromSeconds(5)
    );

    public static IEnumerable<Finding> Check(SourceFile file)
    {
        var findings = Folders(file).Concat(Workplace(file));
        return file.IsCSharp ? findings.Concat(Types(file)) : findings;
    }

    private static IEnumerable<Finding> Folders(SourceFile file) =>
        file.Path.Split('/')[..^1]
            .Where(folder => BannedFolders.Contains(folder, StringComparer.OrdinalIgnoreCase))
            .Select(folder => new Finding("name", file.Path, 1, $"folder \"{folder}\" names no capability"));

    private static IEnumerable<Finding> Types(SourceFile file) =>
        from type in file.Syntax.DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
        let name = type.Identifier.Text
        where name is "Common" || BannedEndings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal))
        select new Finding("name", file.Path, file.LineOf(type.Identifier.Span), $"type \"{name}\" says nothing");

    private static IEnumerable<Finding> Workplace(SourceFile file)
    {
        for (var index = 0; index < file.Lines.Length; index++)
        {
            if (MachinePath.Match(file.Lines[index]) is { Success: true } path)
            {
                yield return new Finding("workplace", file.Path, index + 1, $"machine path {path.Value}");
            }

            if (RegistryHost.Match(file.Lines[index]) is { Success: true } host)
            {
                yield return new Finding("workplace", file.Path, index + 1, $"registry host {host.Value}");
            }
        }
    }
}
