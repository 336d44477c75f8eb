using System.Globalization;

namespace Freshet.Server.Demo;

/// <summary>The folder of one private cluster. It is ours and holds the marker; in it <c>data</c> and <c>run</c> (the
/// socket and the log) belong to the server's account.</summary>
internal sealed class ClusterFolder
{
    // sun_path holds 107 bytes; the longest name below run/ is ".s.PGSQL.65535.lock".
    private const int LongestRoot = 107 - 19 - 40;

    private ClusterFolder(string path) => Root = path;

    public string Root { get; }

    public string Data => Path.Combine(Root, "data");

    public string Run => Path.Combine(Root, "run");

    public string Log => Path.Combine(Run, "server.log");

    public static ClusterFolder Create(string? wantedRoot, ServerAccount account)
    {
        var parent = wantedRoot ?? ChooseRoot(account);
        if (!Directory.Exists(parent))
            throw new PrivatePostgresException($"there is no folder {parent} (TMPDIR) to make the cluster in");
        foreach (var stale in ClusterMarker.FindStale(parent))
            new ClusterFolder(stale).Remove();

        var folder = new ClusterFolder(
            Path.Combine(parent, ClusterMarker.FolderPrefix + Path.GetRandomFileName().Replace(".", "")));
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        const UnixFileMode pass = UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        Directory.CreateDirectory(folder.Root, owner | pass);
        File.WriteAllText(Path.Combine(folder.Root, ClusterMarker.FileName), ClusterMarker.OfThisProcess().Format());
        Directory.CreateDirectory(folder.Data, owner);
        Directory.CreateDirectory(folder.Run, owner | pass);
        account.Give(folder.Data);
        account.Give(folder.Run);
        return folder;
    }

    /// <summary>The postmaster's process id as it noted it down itself, if that process stands in our data folder
    /// (postmasters do): a stale number may belong to anybody by now.</summary>
    public int? PostmasterId()
    {
        try
        {
            var line = File.ReadLines(Path.Combine(Data, "postmaster.pid")).FirstOrDefault();
            return int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var processId)
                && processId > 1
                && LinuxProcess.IsAlive(processId)
                && string.Equals(LinuxProcess.WorkingDirectory(processId), Data, StringComparison.Ordinal)
                ? processId
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // no such file: it does not run
        }
    }

    /// <summary>Notes a process that ends with the cluster.</summary>
    public void AddCompanion(int processId)
    {
        if (LinuxProcess.StartTicks(processId) is { } start)
            File.AppendAllText(Companions, $"{processId} {start}\n");
    }

    /// <summary>Stops whatever runs in it without ceremony and deletes it. Synchronous: runs at process exit too.
    /// </summary>
    public void Remove()
    {
        foreach (var companion in LivingCompanions())
            LinuxProcess.Signal(companion, LinuxProcess.SignalKill);
        if (PostmasterId() is { } postmaster)
        {
            var family = LinuxProcess.Children(postmaster).Append(postmaster).ToArray();
            LinuxProcess.Signal(postmaster, LinuxProcess.SignalQuit);
            if (!WaitForEnd(family, TimeSpan.FromSeconds(3)))
            {
                foreach (var process in family.Where(LinuxProcess.IsAlive))
                    LinuxProcess.Signal(process, LinuxProcess.SignalKill);
                WaitForEnd(family, TimeSpan.FromSeconds(2));
            }
        }
        try
        {
            Directory.Delete(Root, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Removed already, by a handler that came first.
        }
    }

    // Beside the marker, where only we can write: what it names is killed.
    private string Companions => Path.Combine(Root, "companions");

    private IEnumerable<int> LivingCompanions() =>
        !File.Exists(Companions)
            ? []
            : File.ReadAllLines(Companions)
                .Select(line => line.Split(' '))
                .Where(fields => fields.Length == 2)
                .Select(fields => (
                    Id: int.Parse(fields[0], CultureInfo.InvariantCulture),
                    Start: long.Parse(fields[1], CultureInfo.InvariantCulture)))
                .Where(companion => LinuxProcess.StartTicks(companion.Id) == companion.Start)
                .Select(companion => companion.Id);

    private static bool WaitForEnd(int[] processes, TimeSpan limit)
    {
        var end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (processes.Any(LinuxProcess.IsAlive))
        {
            if (Environment.TickCount64 > end)
                return false;
            Thread.Sleep(5);
        }
        return true;
    }

    private static string ChooseRoot(ServerAccount account)
    {
        var wanted = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Path.GetTempPath()));
        var reachable = !account.IsBorrowed || !Directory.Exists(wanted) || IsOpenToOthers(wanted);
        return reachable && wanted.Length <= LongestRoot ? wanted : "/tmp";
    }

    private static bool IsOpenToOthers(string path)
    {
        for (var folder = path; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (!File.GetUnixFileMode(folder).HasFlag(UnixFileMode.OtherExecute))
                return false;
        }
        return true;
    }
}
