using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Freshet.Core.Policy;
using Freshet.Server.Configuration;
using Xunit;

namespace Freshet.Tests.Unit.Configuration;

/// <summary>The options, the schema and the page in <c>docs</c> name the same keys.</summary>
public sealed partial class DocumentationTests
{
    private static readonly Type[] Sections =
    [
        typeof(FreshetOptions), typeof(TlsOptions), typeof(PoolOptions), typeof(DatabaseOptions), typeof(UserOptions),
        typeof(CacheOptions), typeof(ProfileOptions), typeof(RuleOptions),
    ];

    private static readonly string[] DefinitionNames =
        ["", "tls", "pool", "database", "user", "cache", "profile", "rule"];

    private static readonly string[] Titles =
        ["Top level", "TLS", "Pool", "Databases", "Users", "Cache", "Cache profiles", "Cache rules"];

    private static readonly JsonElement Schema = JsonDocument.Parse(ConfigurationSchema.Read()).RootElement;

    public static TheoryData<int> AllSections => [.. Enumerable.Range(0, Sections.Length)];

    [Theory]
    [MemberData(nameof(AllSections))]
    public void Options_reader_schema_and_documentation_name_the_same_keys(int index)
    {
        string[] extra = index == 0 ? ["$schema"] : [];
        var options = Sections[index]
            .GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(property => SettingNames.Key(property.Name))
            .Concat(extra)
            .Order(StringComparer.Ordinal)
            .ToArray();

        var section = new SettingSection(new SettingReading(), "", []);
        Sections[index].GetMethod("Read")!.Invoke(null, [section]);
        var schema = SchemaOf(index).GetProperty("properties").EnumerateObject().Select(property => property.Name);

        Assert.Equal(options, section.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(options, schema.Order(StringComparer.Ordinal));
        Assert.Equal(options, KeysInPage(index).Order(StringComparer.Ordinal));
        Assert.False(SchemaOf(index).GetProperty("additionalProperties").GetBoolean());
    }

    [Fact]
    public void The_page_marks_as_not_reloadable_what_a_reload_leaves_alone()
    {
        var marked = Page().Split('\n').Where(line => line.EndsWith("| no |", StringComparison.Ordinal)).Select(KeyOf);
        Assert.Equal(ReloadRules.FixedKeys.Order(StringComparer.Ordinal), marked.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_defaults_in_schema_and_page_are_those_in_force()
    {
        var settings = LoadedText.WithUrl("postgres://a:b@h/d").Good.Settings;
        (string Prefix, int Section)[] sections = [("pool.", 2), ("cache.", 5), ("", 0)];
        var pages = sections.ToDictionary(section => section.Section, section => KeysWithDefaults(section.Section));
        var compared = 0;
        foreach (var setting in settings.Where(setting => setting.Origin == SettingOrigin.Default))
        {
            var (prefix, index) = sections.First(section =>
                setting.Key.StartsWith(section.Prefix, StringComparison.Ordinal)
            );
            if (setting.Key is "threads" || (prefix.Length == 0 && setting.Key.Contains('.', StringComparison.Ordinal)))
                continue;
            var key = setting.Key[prefix.Length..];
            if (key.StartsWith("profiles.", StringComparison.Ordinal))
                continue; // those have a table of their own
            var inSchema = SchemaOf(index).GetProperty("properties").GetProperty(key).GetProperty("default");
            Assert.Equal(setting.Value, inSchema.ToString(), ignoreCase: inSchema.ValueKind is JsonValueKind.False);
            Assert.Equal(setting.Value, pages[index][key]);
            compared++;
        }
        Assert.True(compared > 25, $"only {compared} defaults were compared");
    }

    [Fact]
    public void The_page_lists_the_shipped_profiles()
    {
        var listed = SectionOfPage(Array.IndexOf(Titles, "Cache profiles"))
            .Split('\n')
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length > 2 && ShippedProfiles.All.ContainsKey(cells[1]))
            .Select(cells => string.Join(' ', cells[1..7]));

        var shipped = ShippedProfiles.All.Select(profile =>
        {
            var (name, values) = profile;
            TimeSpan?[] times =
                [values.MaxAge, values.StaleWhileRevalidate, values.StaleIfError, values.RefreshAhead];
            return $"{name} {string.Join(' ', times.Select(time => Duration.Format(time!.Value)))} "
                + string.Join(", ", values.Tags);
        });
        Assert.Equal(shipped.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_example_in_the_page_uses_known_keys_only()
    {
        var page = Page();
        var start = page.IndexOf("```jsonc\n", StringComparison.Ordinal) + "```jsonc\n".Length;
        var example = page[start..page.IndexOf("```", start, StringComparison.Ordinal)];

        var errors = LoadedText.From(example).Errors;

        // The files that it names do not exist here; everything else must be right.
        Assert.All(errors, error => Assert.Contains("cannot be read", error.Message, StringComparison.Ordinal));
    }

    private static JsonElement SchemaOf(int index) =>
        index == 0
            ? Schema
            : Schema.GetProperty("$defs").GetProperty(DefinitionNames[index]);

    private static string SectionOfPage(int index)
    {
        var title = "\n## " + Titles[index] + "\n";
        var page = Page();
        var start = page.IndexOf(title, StringComparison.Ordinal) + title.Length;
        var end = page.IndexOf("\n## ", start, StringComparison.Ordinal);
        return end < 0 ? page[start..] : page[start..end];
    }

    private static IEnumerable<string> KeysInPage(int index) => KeysWithDefaults(index).Keys;

    private static Dictionary<string, string> KeysWithDefaults(int index) =>
        SectionOfPage(index)
            .Split('\n')
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .ToDictionary(KeyOf, line => line.Split('|')[4].Trim().Trim('`'), StringComparer.Ordinal);

    private static string KeyOf(string line) => KeyCell.Match(line).Groups["key"].Value;

    private static string Page() => File.ReadAllText(Path.Combine(Root(), "docs", "configuration.md"));

    private static string Root([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));

    [GeneratedRegex(@"^\| `(?<key>[^`]+)`", RegexOptions.ExplicitCapture, 1_000)]
    private static partial Regex KeyCell { get; }
}
