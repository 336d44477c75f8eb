using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Freshet.Server.Demo;

/// <summary>The operating system account that a private server runs under: PostgreSQL refuses to run as root, so root
/// lends it an unprivileged one and gives it the files it must own. For everybody else it is the account itself and
/// nothing changes hands.</summary>
internal sealed class ServerAccount
{
    private readonly string? _name;
    private readonly uint _userId;
    private readonly uint _groupId;

    private ServerAccount(string? name, uint userId, uint groupId)
    {
        _name = name;
        _userId = userId;
        _groupId = groupId;
    }

    /// <summary>True when the server runs under another account than this process.</summary>
    public bool IsBorrowed => _name is not null;

    [DllImport("libc", EntryPoint = "lchown", SetLastError = true)]
    private static extern int ChangeOwner(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint userId, uint groupId);

    public static ServerAccount Choose()
    {
        if (!Environment.IsPrivilegedProcess)
            return new ServerAccount(null, 0, 0);
        var accounts = File.ReadLines("/etc/passwd")
            .Select(line => line.Split(':'))
            .Where(fields => fields.Length >= 4)
            .ToLookup(fields => fields[0], StringComparer.Ordinal);
        foreach (var candidate in (string[])["postgres", "nobody"])
        {
            if (accounts[candidate].FirstOrDefault() is { } fields)
            {
                return new ServerAccount(
                    candidate,
                    uint.Parse(fields[2], CultureInfo.InvariantCulture),
                    uint.Parse(fields[3], CultureInfo.InvariantCulture));
            }
        }
        throw new PrivatePostgresException(
            "PostgreSQL refuses to run as root and /etc/passwd has neither 'postgres' nor 'nobody': add one of them, "
            + "or run as an ordinary user");
    }

    /// <summary>Makes the server's account the owner of one file or folder (not of what is inside).</summary>
    public void Give(string path)
    {
        if (IsBorrowed && ChangeOwner(path, _userId, _groupId) != 0)
        {
            var reason = new Win32Exception(Marshal.GetLastPInvokeError()).Message;
            throw new PrivatePostgresException($"cannot give {path} to the account '{_name}': {reason}");
        }
    }

    /// <summary>The command that runs <paramref name="command"/> under this account. Each of the three tools replaces
    /// itself by the program, so no wrapper process stays behind.</summary>
    public IReadOnlyList<string> Wrap(IReadOnlyList<string> command)
    {
        if (_name is null)
            return command;
        if (ChildCommand.Locate("setpriv") is { } setpriv && !IsBusyBox(setpriv))
            return [setpriv, $"--reuid={_userId}", $"--regid={_groupId}", "--clear-groups", .. command];
        if (ChildCommand.Locate("runuser") is { } runuser)
            return [runuser, "-u", _name, "--", .. command];
        if (ChildCommand.Locate("su") is { } su)
            return [su, "-s", "/bin/sh", _name, "-c", "exec " + string.Join(' ', command.Select(Quote))];
        throw new PrivatePostgresException(
            $"running PostgreSQL as '{_name}' needs setpriv, runuser or su (package util-linux): none is on the PATH");
    }

    // BusyBox has an applet of this name that knows no user ids.
    private static bool IsBusyBox(string path) =>
        File.ResolveLinkTarget(path, returnFinalTarget: true)?.Name.StartsWith("busybox", StringComparison.Ordinal)
            is true;

    private static string Quote(string argument) =>
        $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
