using System.Globalization;
using Freshet.Core.Policy;

namespace Freshet.Server.Configuration;

/// <summary>The keys of one entry of <c>cache.rules</c>. Meanings stand at <see cref="PolicyRule"/>.</summary>
internal sealed record RuleOptions : PolicyOptions
{
    private const int FingerprintDigits = 16;

    private static readonly string[] Effects =
        ["profile", "mode", "maxAge", "staleWhileRevalidate", "staleIfError", "refreshAhead", "tags"];

    private RuleOptions(SettingSection section)
        : base(section)
    {
        User = section.Text("user");
        Application = section.Text("application", mayBeEmpty: true);
        Table = section.Text("table");
        Fingerprint = section.Text("fingerprint");
        Profile = section.Text("profile");
    }

    public string? User { get; init; }
    public string? Application { get; init; }
    public string? Table { get; init; }
    public string? Fingerprint { get; init; }
    public string? Profile { get; init; }

    public static RuleOptions Read(SettingSection section)
    {
        var options = new RuleOptions(section);
        if (options.Fingerprint is { } text && !TryReadFingerprint(text, out _))
        {
            section.Reading.Refuse(
                section.PathOf("fingerprint"),
                $"is {SafeText.Quote(text)}; allowed are {FingerprintDigits} hexadecimal digits"
            );
        }
        // A value that was set and refused is an error already.
        if (!section.IsEmpty && !Effects.Any(key => section.Reading.IsSet(section.PathOf(key))))
        {
            section.Reading.Refuse(
                section.Path,
                $"says which results it is for and nothing of them; set one of {string.Join(", ", Effects)}"
            );
        }
        section.Close();
        return options;
    }

    /// <param name="number">Its place in the list, from 1.</param>
    /// <param name="database">Whose list it is in; null: in that of all databases.</param>
    public PolicyRule ToRule(int number, string? database) =>
        new()
        {
            Name = database is null ? $"rule {number}" : $"rule {number} of database {database}",
            User = User,
            Application = Application,
            Table = Table,
            Fingerprint = Fingerprint is { } text && TryReadFingerprint(text, out ulong value) ? value : null,
            Profile = Profile,
            Values = ToValues(),
        };

    private static bool TryReadFingerprint(string text, out ulong value)
    {
        value = 0;
        return text.Length == FingerprintDigits
            && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
