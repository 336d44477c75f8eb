using Freshet.Server.Demo;

namespace Freshet.Bench.Load.Rig;

/// <summary>A fresh folder under the system's temporary folder that belongs to the servers' user and goes with the
/// bench.</summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly ServerAccount account;

    public WorkFolder(ServerAccount account)
    {
        this.account = account;
        Path = Directory.CreateTempSubdirectory("freshet-bench-").FullName;
        account.Give(Path);
    }

    public string Path { get; }

    public string Combine(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Writes a file that only the servers' user (and root) can read.</summary>
    public string WriteSecret(string name, string text)
    {
        var file = Combine(name);
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        account.Give(file);
        return file;
    }


    public void Dispose() => Directory.Delete(Path, recursive: true);
}
