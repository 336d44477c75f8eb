using System.Xml.Linq;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Freshet.Tests.Unit.Tidy;

/// <summary>
/// Who may name whom. Core names nobody; Data and Redis name Core; Server names all three. Inside Server the data
/// plane (<c>Proxy</c>) names no sibling, and nobody but <c>Program.cs</c> names the command line.
/// </summary>
internal static class ArrowRules
{
    private const string Server = "src/Freshet.Server";

    private static readonly Dictionary<string, string[]> Projects = new(StringComparer.Ordinal)
    {
        ["Freshet.Core"] = [],
        ["Freshet.Data"] = ["Freshet.Core"],
        ["Freshet.Redis"] = ["Freshet.Core"],
        ["Freshet.Server"] = ["Freshet.Core", "Freshet.Data", "Freshet.Redis"],
    };

    public static IEnumerable<Finding> Check(SourceFile file)
    {
        if (!file.IsUnder("src"))
        {
            return [];
        }

        var project = file.Path.Split('/')[1];
        if (!Projects.TryGetValue(project, out var allowed))
        {
            return [new Finding("arrow", file.Path, 1, $"project \"{project}\" has no arrows yet: add them here")];
        }

        return file.Extension switch
        {
            ".csproj" => References(file, project, allowed),
            ".cs" => Namespaces(file, project, allowed),
            _ => [],
        };
    }

    private static IEnumerable<Finding> References(SourceFile file, string project, string[] allowed)
    {
        var document = XDocument.Parse(file.Text);
        foreach (var reference in document.Descendants("ProjectReference"))
        {
            var include = reference.Attribute("Include")?.Value ?? "";
            var name = Path.GetFileNameWithoutExtension(include.Replace('\\', '/'));
            if (!allowed.Contains(name, StringComparer.Ordinal))
            {
                yield return new Finding("arrow", file.Path, 1, $"{project} must not reference {name}");
            }
        }

        if (project is "Freshet.Core" && document.Descendants("PackageReference").Any())
        {
            yield return new Finding("arrow", file.Path, 1, "Freshet.Core takes no package");
        }
    }

    private static IEnumerable<Finding> Namespaces(SourceFile file, string project, string[] allowed)
    {
        foreach (var (name, line) in DottedNames(file))
        {
            var parts = name.Split('.');
            var target = $"{parts[0]}.{parts[1]}";
            if (!string.Equals(target, project, StringComparison.Ordinal)
                && !allowed.Contains(target, StringComparer.Ordinal))
            {
                yield return new Finding("arrow", file.Path, line, $"{project} must not name {name}");
            }

            if (target is "Freshet.Server" && parts.Length > 2 && IsForbiddenSibling(file, parts[2]))
            {
                yield return new Finding("arrow", file.Path, line, $"must not name {name}");
            }
        }
    }

    private static bool IsForbiddenSibling(SourceFile file, string capability) =>
        (file.IsUnder(Server + "/Proxy") && capability is not "Proxy")
        || (capability is "Cli" && !file.IsUnder(Server + "/Cli") && file.Path is not Server + "/Program.cs");

    /// <summary>Every dotted name that starts with <c>Freshet.</c>, in usings, types and expressions.</summary>
    private static IEnumerable<(string Name, int Line)> DottedNames(SourceFile file)
    {
        foreach (var root in file.Syntax.DescendantNodes().OfType<IdentifierNameSyntax>())
        {
            // A member that happens to have the product's name is no namespace.
            bool isMember = root.Parent is MemberAccessExpressionSyntax access && access.Name == root;
            if (root.Identifier.Text is not "Freshet" || root.Parent is null || isMember)
            {
                continue;
            }

            var whole = root.Parent;
            while (whole.Parent is QualifiedNameSyntax or MemberAccessExpressionSyntax)
            {
                whole = whole.Parent;
            }

            if (whole is QualifiedNameSyntax or MemberAccessExpressionSyntax)
            {
                yield return (whole.ToString(), file.LineOf(root.Span));
            }
        }
    }
}
