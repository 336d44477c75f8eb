using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Freshet.Server.Demo;

/// <summary>The file <c>owner</c> in the folder of a private cluster: which process made it. A later process removes
/// the clusters of those that died without cleaning up (kill -9, power loss), and only those: the folder has our
/// prefix and belongs to our user, the marker was written on this machine, and its process is provably gone.</summary>
internal sealed record ClusterMarker(
    string Machine, string Boot, string ProcessNamespace, int ProcessId, long StartTicks)
{
    public const string FileName = "owner";
    public const string FolderPrefix = "freshet-postgres-";
    private const string FirstLine = "freshet private cluster, format 1";

    public static ClusterMarker OfThisProcess() => new(
        Environment.MachineName,
        ReadLine("/proc/sys/kernel/random/boot_id"),
        new FileInfo("/proc/self/ns/pid").LinkTarget ?? "",
        Environment.ProcessId,
        LinuxProcess.StartTicks(Environment.ProcessId) ?? 0);

    public string Format() => string.Join(
        '\n', FirstLine, Machine, Boot, ProcessNamespace, $"{ProcessId}", $"{StartTicks}", "");

    public static ClusterMarker? Parse(string text) =>
        text.Split('\n') is [FirstLine, var machine, var boot, var processes, var id, var start, ..]
            && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var processId)
            && long.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var startTicks)
            ? new ClusterMarker(machine, boot, processes, processId, startTicks)
            : null;

    /// <summary>Whether the maker is gone for certain. Containers may share /tmp but not process ids: a marker from
    /// another machine or process namespace tells nothing about its maker.</summary>
    public bool IsStale(ClusterMarker here, Func<int, long?> startTicksOf)
    {
        if (!string.Equals(Machine, here.Machine, StringComparison.Ordinal))
            return false;
        if (!string.Equals(Boot, here.Boot, StringComparison.Ordinal))
            return true;
        return string.Equals(ProcessNamespace, here.ProcessNamespace, StringComparison.Ordinal)
            && startTicksOf(ProcessId) != StartTicks;
    }

    /// <summary>The folders under <paramref name="root"/> whose makers died.</summary>
    public static IReadOnlyList<string> FindStale(string root)
    {
        var here = OfThisProcess();
        var stale = new List<string>();
        foreach (var folder in Directory.EnumerateDirectories(root, FolderPrefix + "*"))
        {
            try
            {
                if (new DirectoryInfo(folder).LinkTarget is null
                    && OwnerOf(folder) == EffectiveUserId()
                    && Parse(File.ReadAllText(Path.Combine(folder, FileName))) is { } marker
                    && marker.IsStale(here, LinuxProcess.StartTicks))
                {
                    stale.Add(folder);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Somebody else's, not marked yet, or being removed at this moment: not ours to touch.
            }
        }
        return stale;
    }

    [DllImport("libc", EntryPoint = "geteuid")]
    private static extern uint EffectiveUserId();

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static extern unsafe int StatX(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte* result);

    /// <summary>statx, because struct statx has the same layout on every architecture (stx_uid at 20).</summary>
    private static unsafe uint? OwnerOf(string path)
    {
        const int currentFolder = -100, noFollow = 0x100;
        const uint wantOwner = 0x8;
        var result = stackalloc byte[256];
        return StatX(currentFolder, path, noFollow, wantOwner, result) == 0
            ? BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(result + 20, 4))
            : null;
    }

    private static string ReadLine(string path) => File.ReadAllText(path).Trim();
}
