namespace Freshet.Server.Configuration;

/// <summary>How the configuration spells .NET names: keys in camel case, enumeration values in lower case with
/// hyphens (<c>verify-full</c>).</summary>
internal static class SettingNames
{
    public static string Key(string property) => char.ToLowerInvariant(property[0]) + property[1..];

    public static string Value<T>(T value)
        where T : struct, Enum => Spell(value.ToString());

    public static string Spell(string member) =>
        string.Concat(
            member.Select((character, index) =>
                char.IsUpper(character)
                    ? (index == 0 ? "" : "-") + char.ToLowerInvariant(character)
                    : character.ToString()
            )
        );

    public static IEnumerable<string> Values<T>()
        where T : struct, Enum => Enum.GetValues<T>().Select(Value);

    public static string List<T>()
        where T : struct, Enum => string.Join(", ", Values<T>());

    public static bool TryParse<T>(string text, out T value)
        where T : struct, Enum
    {
        foreach (var candidate in Enum.GetValues<T>())
        {
            if (string.Equals(Value(candidate), text, StringComparison.Ordinal))
            {
                value = candidate;
                return true;
            }
        }
        value = default;
        return false;
    }
}
