using System.Globalization;

namespace Freshet.Server.Configuration;

/// <summary>
/// One section of all sources laid over each other; the first layer that has a key wins. Reading a key marks it as
/// known, so <see cref="Close"/> can refuse the others. A value that cannot be used is an error in the
/// <see cref="SettingReading"/> and reads as null, so that all errors are found in one run.
/// </summary>
internal sealed class SettingSection(SettingReading reading, string path, IReadOnlyList<ObjectNode> layers)
{
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);

    public string Path => path;

    public SettingReading Reading => reading;

    /// <summary>The keys that were asked for.</summary>
    public IReadOnlySet<string> Keys => _keys;

    /// <summary>No source has it, or what stands there is no section.</summary>
    public bool IsEmpty => layers.Count == 0;

    public string PathOf(string key) => path.Length == 0 ? key : $"{path}.{key}";

    public int? Integer(string key, int least, int most)
    {
        var scalar = Scalar(key);
        if (scalar is null)
            return null;
        if (
            scalar.Kind != ScalarKind.Boolean
            && int.TryParse(scalar.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value >= least
            && value <= most
        )
            return value;
        Refuse(key, scalar, $"a whole number from {least} to {most}");
        return null;
    }

    public long? Size(string key, long least, long most)
    {
        var scalar = Scalar(key);
        if (scalar is null)
            return null;
        if (ByteSize.TryParse(scalar.Text, out var value) && value >= least && value <= most)
            return value;
        Refuse(key, scalar, $"{ByteSize.Allowed}, from {ByteSize.Format(least)} to {ByteSize.Format(most)}");
        return null;
    }

    public TimeSpan? Time(string key, TimeSpan least, TimeSpan most)
    {
        var scalar = Scalar(key);
        if (scalar is null)
            return null;
        if (Duration.TryParse(scalar.Text, out var value) && value >= least && value <= most)
            return value;
        Refuse(key, scalar, $"{Duration.Allowed}, from {Duration.Format(least)} to {Duration.Format(most)}");
        return null;
    }

    public T? Choice<T>(string key)
        where T : struct, Enum
    {
        var scalar = Scalar(key);
        if (scalar is null)
            return null;
        if (SettingNames.TryParse<T>(scalar.Text, out var value))
            return value;
        var nearest = NearestName.Find(scalar.Text, SettingNames.Values<T>());
        Refuse(key, scalar, $"one of {SettingNames.List<T>()}" + (nearest is null ? "" : $"; did you mean {nearest}?"));
        return null;
    }

    public bool? Flag(string key)
    {
        var scalar = Scalar(key);
        switch (scalar?.Text)
        {
            case null:
                return null;
            case "true":
                return true;
            case "false":
                return false;
            default:
                Refuse(key, scalar, "true or false");
                return null;
        }
    }

    public string? Text(string key, bool mayBeEmpty = false)
    {
        var scalar = Scalar(key);
        if (scalar is null)
            return null;
        if (scalar.Kind == ScalarKind.Text && (mayBeEmpty || scalar.Text.Length > 0))
            return scalar.Text;
        Refuse(key, scalar, mayBeEmpty ? "a string" : "a string that is not empty");
        return null;
    }

    /// <summary>Like <see cref="Text"/>, for what must never be shown.</summary>
    public string? Secret(string key)
    {
        var scalar = Scalar(key);
        if (scalar is null)
            return null;
        if (scalar.Kind == ScalarKind.Text && scalar.Text.Length > 0)
            return scalar.Text;
        reading.Refuse(PathOf(key), "must be a string that is not empty (the value is not shown)");
        return null;
    }

    /// <summary>A string, an array of strings, or strings separated by commas.</summary>
    public IReadOnlyList<string>? List(string key)
    {
        var member = Find(key);
        switch (member?.Value)
        {
            case null:
                return null;
            case ScalarNode { Kind: ScalarKind.Text } scalar:
                return scalar.Text.Split(',', StringSplitOptions.TrimEntries);
            case ArrayNode array when array.Items.All(item => item is ScalarNode { Kind: ScalarKind.Text }):
                return [.. array.Items.Cast<ScalarNode>().Select(item => item.Text)];
            default:
                reading.Refuse(PathOf(key), "must be a string or an array of strings");
                return null;
        }
    }

    /// <summary>The section under a key; empty when no source has it.</summary>
    public SettingSection Section(string key)
    {
        _keys.Add(key);
        return Child(PathOf(key), layers.SelectMany(layer => layer.Find(key)));
    }

    /// <summary>The sections under a key whose names the user chose, in the order of the first appearance, the file
    /// first.</summary>
    public IReadOnlyList<(string Name, SettingSection Section)> Map(string key)
    {
        var map = Section(key);
        var names = map.Layers.Reverse().SelectMany(layer => layer.Members).Select(member => member.Name).Distinct(
            StringComparer.Ordinal
        );
        return
        [
            .. names.Select(name =>
                (
                    name,
                    Child(
                        map.PathOf(name),
                        map.Layers.SelectMany(layer => layer.Members)
                            .Where(member => string.Equals(member.Name, name, StringComparison.Ordinal))
                    )
                )
            ),
        ];
    }

    /// <summary>The sections of an array of objects, whose paths end with their numbers from 1; null: not set.
    /// </summary>
    public IReadOnlyList<SettingSection>? Items(string key)
    {
        switch (Find(key)?.Value)
        {
            case null:
                return null;
            case ArrayNode array:
                return
                [
                    .. array.Items.Select((item, index) =>
                    {
                        var name = (index + 1).ToString(CultureInfo.InvariantCulture);
                        return Child($"{PathOf(key)}.{name}", [new SettingMember(name, item.Origin, item)]);
                    }),
                ];
            default:
                reading.Refuse(PathOf(key), "must be an array of objects, which only the file can hold");
                return null;
        }
    }

    /// <summary>Refuses every key that nobody asked for. Their values are never shown: an unknown key may be a
    /// misspelt <c>password</c>.</summary>
    public void Close()
    {
        foreach (var layer in layers)
        {
            foreach (var member in layer.Members.Where(member => !_keys.Any(key => layer.Matches(member.Name, key))))
            {
                var nearest = NearestName.Find(member.Name, _keys);
                var hint = nearest is null
                    ? $"known here: {string.Join(", ", _keys.Order(StringComparer.Ordinal))}"
                    : $"did you mean {PathOf(nearest)}?";
                reading.Errors.Add(new(member.Origin, PathOf(member.Name), $"is not a setting; {hint}"));
            }
        }
    }

    private IReadOnlyList<ObjectNode> Layers => layers;

    private SettingSection Child(string childPath, IEnumerable<SettingMember> members)
    {
        var children = new List<ObjectNode>();
        foreach (var member in members)
        {
            if (!reading.IsSet(childPath))
                reading.Found(childPath, member.Origin);
            if (member.Value is ObjectNode section)
                children.Add(section);
            else
                reading.Errors.Add(new(member.Origin, childPath, "must be an object with keys of its own"));
        }
        return new SettingSection(reading, childPath, children);
    }

    private SettingMember? Find(string key)
    {
        _keys.Add(key);
        foreach (var layer in layers)
        {
            SettingMember? found = null;
            foreach (var member in layer.Find(key))
            {
                if (found is not null)
                    reading.Errors.Add(new(member.Origin, PathOf(key), $"is also set by {found.Origin}"));
                found ??= member;
            }
            if (found is not null)
            {
                reading.Found(PathOf(key), found.Origin);
                return found;
            }
        }
        return null;
    }

    private ScalarNode? Scalar(string key)
    {
        switch (Find(key)?.Value)
        {
            case null:
                return null;
            case ScalarNode { Kind: ScalarKind.Null }:
                reading.Refuse(PathOf(key), "is null; remove the key to get the default");
                return null;
            case ScalarNode scalar:
                return scalar;
            default:
                reading.Refuse(PathOf(key), "must be a single value");
                return null;
        }
    }

    private void Refuse(string key, ScalarNode scalar, string allowed) =>
        reading.Refuse(PathOf(key), $"is {SafeText.Quote(scalar.Text)}; allowed is {allowed}");
}
