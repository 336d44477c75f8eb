namespace Freshet.Tests.Unit.Tidy;

/// <summary>The files of the repository that this test was built from.</summary>
internal sealed class Repository
{
    private static readonly string[] SkippedFolders =
    [
        ".git", "bin", "obj", "node_modules", "artifacts", "TestResults", ".vs", ".idea", "BenchmarkDotNet.Artifacts",
    ];

    private static readonly string[] TextExtensions =
    [
        ".cs", ".csproj", ".props", ".targets", ".slnx", ".json", ".jsonc", ".md", ".sh", ".js", ".mjs", ".py", ".sql",
        ".yml", ".yaml", ".ini", ".conf", ".txt", ".html", ".css", ".config", ".toml", ".editorconfig", ".gitignore",
        ".npmrc", "",
    ];

    private Repository(string root, IReadOnlyList<SourceFile> files)
    {
        Root = root;
        Files = files;
    }

    public string Root { get; }

    public IReadOnlyList<SourceFile> Files { get; }

    public static Repository Load()
    {
        var root = FindRoot();
        var files = new List<SourceFile>();
        Collect(root, new DirectoryInfo(root), files);
        files.Sort((left, right) => string.CompareOrdinal(left.Path, right.Path));
        return new Repository(root, files);
    }

    public bool Exists(string path)
    {
        var full = Path.GetFullPath(Path.Combine(Root, path));
        return File.Exists(full) || Directory.Exists(full);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Freshet.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no Freshet.slnx above {AppContext.BaseDirectory}");
    }

    private static void Collect(string root, DirectoryInfo folder, List<SourceFile> files)
    {
        foreach (var file in folder.EnumerateFiles())
        {
            if (file.LinkTarget is null && TextExtensions.Contains(file.Extension, StringComparer.Ordinal))
            {
                var relative = Path.GetRelativePath(root, file.FullName).Replace('\\', '/');
                files.Add(new SourceFile(relative, File.ReadAllText(file.FullName)));
            }
        }

        foreach (var child in folder.EnumerateDirectories())
        {
            if (child.LinkTarget is null && !SkippedFolders.Contains(child.Name, StringComparer.Ordinal))
            {
                Collect(root, child, files);
            }
        }
    }
}
