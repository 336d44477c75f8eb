using System.Text.RegularExpressions;

namespace Freshet.Tests.Unit.Tidy;

/// <summary>A Markdown file names only paths and commands that exist.</summary>
internal static class MarkdownRules
{
    private static readonly Regex Link = Pattern(@"\]\((?<target>[^)\s#]+)(?:#[^)\s]*)?\)");
    private static readonly Regex Quoted = Pattern(@"`(?<text>[^`\n]+)`");
    private static readonly Regex Command = Pattern(@"(?:^|[\s`$(])\./freshet\s+(?<name>[a-z][\w-]*)");

    private static readonly Regex RepositoryPath = Pattern(
        @"^(?:\./)?(?<path>(?:src|tests|bench|docs|samples|spec|\.ci)/[\w./-]+|(?<=\./)[\w.-]+)(?:[\s:].*)?$"
    );

    /// <param name="file">The Markdown file.</param>
    /// <param name="exists">Whether the repository has that path, relative to its root.</param>
    /// <param name="commands">The sub-commands of <c>./freshet</c>.</param>
    public static IEnumerable<Finding> Check(SourceFile file, Func<string, bool> exists, IReadOnlySet<string> commands)
    {
        if (file.Extension is not ".md")
        {
            yield break;
        }

        var folder = Path.GetDirectoryName(file.Path) ?? "";
        for (var index = 0; index < file.Lines.Length; index++)
        {
            var line = file.Lines[index];
            foreach (var path in Links(line).Select(link => Path.Combine(folder, link)).Concat(QuotedPaths(line)))
            {
                if (!exists(path))
                {
                    yield return new Finding("markdown", file.Path, index + 1, $"no such path: {path}");
                }
            }

            foreach (var name in Command.Matches(line).Select(match => match.Groups["name"].Value))
            {
                if (!commands.Contains(name))
                {
                    yield return new Finding("markdown", file.Path, index + 1, $"no such command: ./freshet {name}");
                }
            }
        }
    }

    private static IEnumerable<string> Links(string line) =>
        Link.Matches(line)
            .Select(match => match.Groups["target"].Value)
            .Where(target => !target.Contains("://", StringComparison.Ordinal))
            .Where(target => !target.StartsWith("mailto:", StringComparison.Ordinal));

    private static IEnumerable<string> QuotedPaths(string line) =>
        Quoted.Matches(line)
            .Select(match => RepositoryPath.Match(match.Groups["text"].Value))
            .Where(match => match.Success)
            .Select(match => match.Groups["path"].Value.TrimEnd('.'));

    private static Regex Pattern(string pattern) =>
        new(pattern, RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));
}
