namespace Freshet.Server.Configuration;

/// <summary>One value of one source, before anybody knows what it means. The tree has the shape of the JSON file; the
/// environment and the command line are brought into the same shape.</summary>
internal abstract record SettingNode(SettingOrigin Origin);

/// <summary>A string, number or boolean as it was written.</summary>
internal sealed record ScalarNode(SettingOrigin Origin, string Text, ScalarKind Kind) : SettingNode(Origin)
{
    // The text may be a secret: it never appears in a dump of the tree.
    public override string ToString() => $"{Kind} from {Origin}";
}

internal sealed record ArrayNode(SettingOrigin Origin, List<SettingNode> Items) : SettingNode(Origin);

/// <param name="Origin">Where it starts.</param>
/// <param name="IgnoreCase">Keys match whatever their case and underscores: the environment's way of writing. Names
/// that the user chose (databases, users) always match exactly.</param>
internal sealed record ObjectNode(SettingOrigin Origin, bool IgnoreCase) : SettingNode(Origin)
{
    public List<SettingMember> Members { get; } = [];

    public IEnumerable<SettingMember> Find(string key) => Members.Where(member => Matches(member.Name, key));

    public bool Matches(string written, string key) =>
        IgnoreCase
            ? string.Equals(
                written.Replace("_", "", StringComparison.Ordinal),
                key,
                StringComparison.OrdinalIgnoreCase
            )
            : string.Equals(written, key, StringComparison.Ordinal);
}

internal sealed record SettingMember(string Name, SettingOrigin Origin, SettingNode Value);

internal enum ScalarKind
{
    /// <summary>A JSON string, or text whose type its source does not tell (environment, command line).</summary>
    Text,
    Number,
    Boolean,
    Null,
}
