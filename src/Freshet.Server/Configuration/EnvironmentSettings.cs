using System.Collections;

namespace Freshet.Server.Configuration;

/// <summary>Brings <c>FRESHET__POOL__SIZE=30</c> into the shape of the file. Two underscores separate levels; case and
/// single underscores do not matter, except in the names of databases and users.</summary>
internal static class EnvironmentSettings
{
    public const string Prefix = "FRESHET__";

    /// <summary>Names the configuration file, so it is no setting itself.</summary>
    public const string ConfigurationFileVariable = Prefix + "CONFIG";

    private const string Separator = "__";

    public static ObjectNode Read(IDictionary variables, List<ConfigurationError> errors)
    {
        var root = new ObjectNode(SettingOrigin.Environment(Prefix + "*"), IgnoreCase: true);
        var names = variables
            .Keys.Cast<string>()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Where(name => !string.Equals(name, ConfigurationFileVariable, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
        foreach (var name in names)
            Add(root, name, (string)variables[name]!, errors);
        return root;
    }

    private static void Add(ObjectNode root, string name, string value, List<ConfigurationError> errors)
    {
        var origin = SettingOrigin.Environment(name);
        var segments = name[Prefix.Length..].Split(Separator);
        if (segments.Any(segment => segment.Length == 0))
        {
            errors.Add(new(origin, "", "has an empty level; write FRESHET__POOL__SIZE for pool.size"));
            return;
        }
        var parent = root;
        foreach (var segment in segments[..^1])
        {
            var found = parent.Members.Find(member => string.Equals(member.Name, segment, StringComparison.Ordinal));
            if (found?.Value is ScalarNode)
            {
                errors.Add(new(origin, "", $"cannot be set together with {found.Origin.Name}"));
                return;
            }
            if (found is null)
            {
                found = new SettingMember(segment, origin, new ObjectNode(origin, IgnoreCase: true));
                parent.Members.Add(found);
            }
            parent = (ObjectNode)found.Value;
        }
        // Sorted by name, so FRESHET__POOL comes before FRESHET__POOL__SIZE and the other order cannot happen.
        parent.Members.Add(new SettingMember(segments[^1], origin, new ScalarNode(origin, value, ScalarKind.Text)));
    }
}
