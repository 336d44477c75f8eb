using System.Text;
using Freshet.Core.Sql;

namespace Freshet.Server.Proxy.State;

/// <summary>
/// The session-level settings (GUCs) that differ from what a fresh server connection of the pool has: what has to be
/// in force before a client's next statement runs. Immutable, sorted by name, names in lower case, values as
/// <c>set_config</c> takes them. Client and server share one object while they agree, so that the check before each
/// transaction is a comparison of references.
/// </summary>
internal sealed class SettingsSet : IEquatable<SettingsSet>
{
    internal const string Role = "role",
        SessionAuthorization = "session_authorization";

    public static readonly SettingsSet Empty = new([]);

    private readonly KeyValuePair<string, string>[] _sorted;
    private readonly int _hash;

    private SettingsSet(KeyValuePair<string, string>[] sorted)
    {
        _sorted = sorted;
        var hash = new HashCode();
        foreach (KeyValuePair<string, string> setting in sorted)
        {
            hash.Add(setting.Key, StringComparer.Ordinal);
            hash.Add(setting.Value, StringComparer.Ordinal);
        }

        _hash = hash.ToHashCode();
    }

    public int Count => _sorted.Length;

    public ReadOnlySpan<KeyValuePair<string, string>> Settings => _sorted;

    public static SettingsSet Of(IEnumerable<KeyValuePair<string, string>> settings)
    {
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, string value) in settings)
        {
            sorted[Fold(name)] = value;
        }

        return sorted.Count == 0 ? Empty : new SettingsSet([.. sorted]);
    }

    public string? Find(string name)
    {
        foreach (KeyValuePair<string, string> setting in _sorted)
        {
            if (string.Equals(setting.Key, name, StringComparison.Ordinal))
            {
                return setting.Value;
            }
        }

        return null;
    }

    public SettingsSet With(string name, string value) =>
        string.Equals(Find(name), value, StringComparison.Ordinal)
            ? this
            : Of(_sorted.Append(new KeyValuePair<string, string>(name, value)));

    public SettingsSet Without(string name) =>
        Find(name) is null ? this : Of(_sorted.Where(s => !string.Equals(s.Key, name, StringComparison.Ordinal)));

    /// <summary>What <c>RESET name</c> means for a session that started with <paramref name="baseline"/>.</summary>
    public SettingsSet Reset(string name, SettingsSet baseline) =>
        baseline.Find(name) is { } value ? With(name, value) : Without(name);

    public bool Equals(SettingsSet? other) =>
        ReferenceEquals(this, other)
        || (other is not null && _hash == other._hash && _sorted.AsSpan().SequenceEqual(other._sorted));

    public override bool Equals(object? obj) => Equals(obj as SettingsSet);

    public override int GetHashCode() => _hash;

    /// <summary>The SQL that brings a server connection from <paramref name="present"/> to this set; one simple
    /// query. The role comes last, because it may lack the right to set the rest.</summary>
    public string SqlFrom(SettingsSet present)
    {
        var sql = new StringBuilder();
        if (present.Find(Role) is not null)
        {
            sql.Append("RESET ROLE;");
        }

        if (present.Find(SessionAuthorization) is not null)
        {
            sql.Append("RESET SESSION AUTHORIZATION;");
        }

        foreach ((string name, _) in present._sorted)
        {
            if (Find(name) is null && !IsIdentity(name))
            {
                sql.Append("RESET ").Append(QuoteName(name)).Append(';');
            }
        }

        string separator = "SELECT ";
        foreach ((string name, string value) in _sorted)
        {
            if (!IsIdentity(name) && !string.Equals(present.Find(name), value, StringComparison.Ordinal))
            {
                AppendSet(sql.Append(separator), name, value);
                separator = ",";
            }
        }

        foreach (string name in (ReadOnlySpan<string>)[SessionAuthorization, Role])
        {
            if (Find(name) is { } value)
            {
                AppendSet(sql.Append(";SELECT "), name, value);
            }
        }

        return sql.ToString();
    }

    /// <summary>As the server compares names of settings: A to Z only, since the rest may be parts of longer
    /// characters.</summary>
    internal static string Fold(string name) =>
        string.Create(
            name.Length,
            name,
            static (folded, source) =>
            {
                for (int i = 0; i < folded.Length; i++)
                {
                    folded[i] = char.IsAsciiLetterUpper(source[i]) ? (char)(source[i] | 0x20) : source[i];
                }
            }
        );

    private static bool IsIdentity(string name) => name is Role or SessionAuthorization;

    private static void AppendSet(StringBuilder sql, string name, string value) =>
        sql.Append("pg_catalog.set_config(")
            .Append(QuoteLiteral(name))
            .Append(',')
            .Append(QuoteLiteral(value))
            .Append(",false)");

    /// <summary>A custom setting's name has two parts, each an identifier.</summary>
    private static string QuoteName(string name) =>
        string.Join('.', name.Split('.').Select(SqlQuoting.Identifier));

    /// <summary>Right under either value of <c>standard_conforming_strings</c>.</summary>
    internal static string QuoteLiteral(string value)
    {
        string quoted = value.Replace("'", "''", StringComparison.Ordinal);
        return quoted.Contains('\\', StringComparison.Ordinal)
            ? "E'" + quoted.Replace("\\", "\\\\", StringComparison.Ordinal) + "'"
            : "'" + quoted + "'";
    }
}
