using System.Collections.Immutable;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>Makes the user directory from <c>users</c>, <c>usersFile</c> and the URL, in this order: who is named
/// twice keeps the first secret.</summary>
internal sealed class UserSettings(SettingReading reading, AuthMethod auth)
{
    private readonly Dictionary<string, UserSnapshot> _users = new(StringComparer.Ordinal);

    public ImmutableDictionary<string, UserSnapshot> Users => _users.ToImmutableDictionary(StringComparer.Ordinal);

    private bool NeedsSecret => auth is AuthMethod.Scram or AuthMethod.Md5 or AuthMethod.Password;

    public void AddListed(FreshetOptions options)
    {
        foreach (var (name, user) in options.Users)
        {
            var path = $"users.{name}";
            if (name.Length == 0 || name.Length > 63 || name.Any(char.IsControl))
                reading.Refuse(path, "is no role name; allowed are 1 to 63 characters");
            var secret = ReadSecret(user, path);
            _users.Add(
                name,
                new UserSnapshot(name, secret) { Mode = user.Mode, MaxConnections = user.MaxConnections ?? 0 }
            );
        }
    }

    /// <summary>Reads a file in the format of PgBouncer's <c>userlist.txt</c>.</summary>
    public void AddFile(string file)
    {
        UserList list;
        try
        {
            list = UserListFile.Parse(File.ReadAllText(file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            reading.Refuse("usersFile", $"is {SafeText.Quote(file)}, which cannot be read: {exception.Message}");
            return;
        }
        foreach (var error in list.Errors)
            reading.Errors.Add(new(SettingOrigin.File(file, error.Line), "usersFile", error.Message));
        foreach (var entry in list.Users)
            _users.TryAdd(entry.Name, new UserSnapshot(entry.Name, entry.Secret));
        WarnAboutUnusable(list, file);
    }

    // Not errors: a list that is shared with PgBouncer may hold more than this proxy needs.
    private void WarnAboutUnusable(UserList list, string file)
    {
        if (!NeedsSecret)
            return;
        var unusable = list.Users.Count(entry =>
            entry.Secret is null || (auth == AuthMethod.Scram && Md5Password.IsHash(entry.Secret))
        );
        if (unusable > 0)
        {
            reading.Warnings.Add(
                $"usersFile {SafeText.Quote(file)}: {unusable} of {list.Users.Count} users cannot log in: auth is "
                    + $"{SettingNames.Value(auth)}, and they have "
                    + (auth == AuthMethod.Scram ? "no secret or an md5 hash, which cannot answer SCRAM" : "no secret")
            );
        }
    }

    /// <summary>The URL's user may log in with the URL's secret, unless it is listed with one of its own.</summary>
    public void AddUrl(ServerUrl server)
    {
        if (_users.ContainsKey(server.User))
            return;
        if (server.Password is not null || !NeedsSecret)
        {
            _users.Add(server.User, new UserSnapshot(server.User, server.Password));
            return;
        }
        if (_users.Count > 0)
            return;
        var how = reading.IsSet("auth") ? "" : " (the default)";
        reading.Refuse(
            "url",
            $"holds no password for user \"{server.User}\", and auth is {SettingNames.Value(auth)}{how}, so no client "
                + "could log in: put the password into the URL, PGPASSWORD or passwordFile, or list the clients in "
                + "users or usersFile, or let everybody on this machine in with auth trust"
        );
    }

    private string? ReadSecret(UserOptions user, string path)
    {
        var given = new[] { user.Password, user.PasswordFile, user.Verifier }.Count(secret => secret is not null);
        if (given > 1)
            reading.Refuse(path, "has more than one of password, passwordFile, verifier; keep one");
        if (user.Verifier is not null && !IsVerifier(user.Verifier))
        {
            reading.Refuse(
                $"{path}.verifier",
                "is no verifier; allowed is what pg_authid.rolpassword holds: SCRAM-SHA-256$… or md5 and 32 hex digits"
            );
            return null;
        }
        var secret = user.PasswordFile is null
            ? user.Password ?? user.Verifier
            : SecretFile.Read(user.PasswordFile, $"{path}.passwordFile", reading);
        if (given == 0 && NeedsSecret)
        {
            reading.Refuse(
                path,
                $"has no secret, and auth is {SettingNames.Value(auth)}; set password, passwordFile or verifier"
            );
        }
        if (auth == AuthMethod.Scram && Md5Password.IsHash(secret))
        {
            reading.Refuse(
                path,
                "has an md5 secret, which cannot answer SCRAM, and auth is scram; give a password or a SCRAM-SHA-256 "
                    + "verifier, or set auth to md5"
            );
        }
        return secret;
    }

    private static bool IsVerifier(string text) =>
        Md5Password.IsHash(text) || ScramVerifier.TryParse(text, out _);
}
