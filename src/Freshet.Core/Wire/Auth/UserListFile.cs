using System.Text;

namespace Freshet.Core.Wire.Auth;

/// <summary>
/// PgBouncer's <c>userlist.txt</c>: lines of <c>"user" "secret"</c>, a quote inside is doubled, more fields on the line
/// are ignored, lines that start with <c>;</c> or <c>#</c> are comments. Stricter than PgBouncer in three points that
/// there pass or fail silently: a name that stands twice, a SCRAM verifier that is cut short, an entry over line ends.
/// </summary>
internal static class UserListFile
{
    /// <summary>PgBouncer's <c>MAX_USERNAME</c>, in bytes, less the terminator.</summary>
    private const int MaximumNameBytes = 127;

    /// <summary>PgBouncer's <c>MAX_PASSWORD</c>, in bytes, less the terminator.</summary>
    private const int MaximumSecretBytes = 2047;

    /// <summary>Reads the whole text and reports all errors at once; no message contains a secret.</summary>
    public static UserList Parse(string text)
    {
        var users = new List<UserListEntry>();
        var errors = new List<UserListError>();
        var lineOf = new Dictionary<string, int>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            var rest = line.AsSpan().TrimStart(" \t\r\v\f\uFEFF");
            if (rest.IsEmpty || rest[0] is ';' or '#') continue;
            var problem = TryParseLine(rest, number, out var entry);
            if (problem is null && !lineOf.TryAdd(entry!.Name, number))
                problem = $"user \"{entry.Name}\" stands on line {lineOf[entry.Name]} already";
            if (problem is null) users.Add(entry!);
            else errors.Add(new(number, problem));
        }

        return new(users, errors);
    }

    private static string? TryParseLine(ReadOnlySpan<char> rest, int number, out UserListEntry? entry)
    {
        entry = null;
        if (rest[0] != '"') return "the line does not start with a user name in double quotes";
        if (!TryTakeQuoted(ref rest, out var name)) return "the user name has no closing quote";
        if (name.Length == 0) return "the user name is empty";
        if (Encoding.UTF8.GetByteCount(name) > MaximumNameBytes)
            return $"the user name is longer than {MaximumNameBytes} bytes";
        var gap = rest.IndexOf('"');
        if (gap < 0) return $"user \"{name}\" has no secret in double quotes";
        if (!rest[..gap].IsWhiteSpace()) return $"there is unquoted text between user \"{name}\" and the secret";
        rest = rest[gap..];
        if (!TryTakeQuoted(ref rest, out var secret)) return $"the secret of user \"{name}\" has no closing quote";
        if (Encoding.UTF8.GetByteCount(secret) > MaximumSecretBytes)
            return $"the secret of user \"{name}\" is longer than {MaximumSecretBytes} bytes";
        if (ScramVerifier.IsVerifier(secret) && !ScramVerifier.TryParse(secret, out _))
            return $"the SCRAM verifier of user \"{name}\" is malformed";
        entry = new(name, secret.Length == 0 ? null : secret, number);
        return null;
    }

    /// <summary>Takes a quoted text off the front of <paramref name="rest"/>.</summary>
    private static bool TryTakeQuoted(ref ReadOnlySpan<char> rest, out string text)
    {
        var result = new StringBuilder();
        for (var i = 1; i < rest.Length; i++)
        {
            if (rest[i] != '"') result.Append(rest[i]);
            else if (i + 1 < rest.Length && rest[i + 1] == '"') result.Append(rest[i++]);
            else
            {
                rest = rest[(i + 1)..];
                text = result.ToString();
                return true;
            }
        }

        text = "";
        return false;
    }
}

/// <summary>The users of a file and what is wrong with it; with errors, the list is not to be used.</summary>
internal sealed record UserList(IReadOnlyList<UserListEntry> Users, IReadOnlyList<UserListError> Errors);

/// <summary>One line. <paramref name="Secret"/> is null where the file has an empty one.</summary>
internal sealed record UserListEntry(string Name, string? Secret, int Line)
{
    public override string ToString() => $"user \"{Name}\" (line {Line})";
}

/// <summary>An error with its line, counted from 1.</summary>
internal sealed record UserListError(int Line, string Message)
{
    public override string ToString() => $"line {Line}: {Message}";
}
