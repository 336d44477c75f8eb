using System.Collections.Immutable;
using Freshet.Core.Policy;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>The keys of <c>cache</c>, of all databases or of one; null: not set. Meanings and defaults stand at
/// <see cref="DatabaseCacheSnapshot"/>.</summary>
internal sealed record CacheOptions
{
    /// <summary>Most profiles, and most rules of one list.</summary>
    internal const int MostEntries = 1_000;

    private static readonly int[] Rollouts = [1, 20, 50, 100];

    public CacheMode? Mode { get; init; }
    public CacheMode? Fallback { get; init; }
    public TimeSpan? MaxAge { get; init; }
    public TimeSpan? StaleWhileRevalidate { get; init; }
    public TimeSpan? StaleIfError { get; init; }
    public TimeSpan? MaxStaleness { get; init; }
    public int? Rollout { get; init; }
    public int? Verify { get; init; }
    public bool? Shadow { get; init; }
    public string? Publication { get; init; }
    public TimeSpan? SchemaPollInterval { get; init; }
    public IReadOnlyList<string>? TrustedFunctions { get; init; }

    /// <summary>Of all databases only.</summary>
    public IReadOnlyList<(string Name, ProfileOptions Options)> Profiles { get; init; } = [];
    public IReadOnlyList<RuleOptions>? Rules { get; init; }

    public static CacheOptions Read(SettingSection section)
    {
        var options = new CacheOptions
        {
            Mode = section.Choice<CacheMode>("mode"),
            Fallback = section.Choice<CacheMode>("fallback"),
            MaxAge = section.Time("maxAge", TimeSpan.Zero, PoolOptions.LongestTime),
            StaleWhileRevalidate = section.Time("staleWhileRevalidate", TimeSpan.Zero, PoolOptions.LongestTime),
            StaleIfError = section.Time("staleIfError", TimeSpan.Zero, PoolOptions.LongestTime),
            // Below a tenth of a second the stream's own heartbeat would be late.
            MaxStaleness = section.Time("maxStaleness", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
            Rollout = section.Integer("rollout", 1, 100),
            Verify = section.Integer("verify", 0, 100),
            Shadow = section.Flag("shadow"),
            Publication = section.Text("publication"),
            SchemaPollInterval = section.Time(
                "schemaPollInterval",
                TimeSpan.FromMilliseconds(100),
                TimeSpan.FromHours(1)
            ),
            TrustedFunctions = section.List("trustedFunctions"),
            Profiles =
            [
                .. section.Map("profiles").Select(entry => (entry.Name, ProfileOptions.Read(entry.Section))),
            ],
            Rules = section.Items("rules") is { } rules ? [.. rules.Select(RuleOptions.Read)] : null,
        };
        if (options.Rollout is { } rollout && !Rollouts.Contains(rollout))
            section.Reading.Refuse(section.PathOf("rollout"), $"is {rollout}; allowed is 1, 20, 50 or 100");
        if (options.Fallback is CacheMode.Session or CacheMode.Strict)
        {
            section.Reading.Refuse(
                section.PathOf("fallback"),
                $"is {SettingNames.Value(options.Fallback.Value)}, which needs the feed too; allowed is off or bounded"
            );
        }
        options.CheckEntries(section);
        section.Close();
        return options;
    }

    /// <summary>What is not set here is inherited.</summary>
    /// <param name="inherited">From the defaults or from the settings of all databases.</param>
    /// <param name="database">Whose settings these are, for the names of its rules; null: of all.</param>
    public DatabaseCacheSnapshot ToSnapshot(DatabaseCacheSnapshot inherited, string? database = null) =>
        new()
        {
            Mode = Mode ?? inherited.Mode,
            Fallback = Fallback ?? inherited.Fallback,
            MaxAge = MaxAge ?? inherited.MaxAge,
            StaleWhileRevalidate = StaleWhileRevalidate ?? inherited.StaleWhileRevalidate,
            StaleIfError = StaleIfError ?? inherited.StaleIfError,
            MaxStaleness = MaxStaleness ?? inherited.MaxStaleness,
            RolloutPercent = Rollout ?? inherited.RolloutPercent,
            VerifyPercent = Verify ?? inherited.VerifyPercent,
            Shadow = Shadow ?? inherited.Shadow,
            Publication = Publication ?? inherited.Publication,
            SchemaPollInterval = SchemaPollInterval ?? inherited.SchemaPollInterval,
            TrustedFunctions = TrustedFunctions is { } trusted ? [.. trusted] : inherited.TrustedFunctions,
            Profiles = inherited.Profiles.SetItems(
                Profiles.Select(profile => KeyValuePair.Create(profile.Name, profile.Options.ToValues()))),
            Rules = Rules is { } rules
                ? [.. rules.Select((rule, index) => rule.ToRule(index + 1, database))]
                : inherited.Rules,
        };

    /// <summary>Refuses rules that name a profile which is not there.</summary>
    /// <param name="profiles">All that are there.</param>
    /// <param name="path">Of these options, <c>cache</c>.</param>
    /// <param name="reading">Takes the errors.</param>
    public void CheckProfiles(
        ImmutableSortedDictionary<string, PolicyValues> profiles, string path, SettingReading reading)
    {
        foreach (var (rule, index) in (Rules ?? []).Select((rule, index) => (rule, index)))
        {
            if (rule.Profile is { } name && !profiles.ContainsKey(name))
            {
                var nearest = NearestName.Find(name, profiles.Keys);
                reading.Refuse(
                    $"{path}.rules.{index + 1}.profile",
                    $"is {SafeText.Quote(name)}, and cache.profiles has no such profile; "
                        + (
                            nearest is null
                                ? $"known are {string.Join(", ", profiles.Keys)}"
                                : $"did you mean {nearest}?"
                        )
                );
            }
        }
    }

    /// <summary>The keys with the values in force, for listing them; without the rules, which have no defaults.
    /// </summary>
    public static CacheOptions From(DatabaseCacheSnapshot snapshot) =>
        new()
        {
            Mode = snapshot.Mode,
            Fallback = snapshot.Fallback,
            MaxAge = snapshot.MaxAge,
            StaleWhileRevalidate = snapshot.StaleWhileRevalidate,
            StaleIfError = snapshot.StaleIfError,
            MaxStaleness = snapshot.MaxStaleness,
            Rollout = snapshot.RolloutPercent,
            Verify = snapshot.VerifyPercent,
            Shadow = snapshot.Shadow,
            Publication = snapshot.Publication,
            SchemaPollInterval = snapshot.SchemaPollInterval,
            TrustedFunctions = snapshot.TrustedFunctions.IsEmpty ? null : [.. snapshot.TrustedFunctions],
            Profiles = [.. snapshot.Profiles.Select(profile => (profile.Key, ProfileOptions.From(profile.Value)))],
        };

    private void CheckEntries(SettingSection section)
    {
        foreach (var (name, _) in Profiles.Where(profile => !PolicyNames.IsName(profile.Name)))
        {
            section.Reading.Refuse(
                $"{section.PathOf("profiles")}.{name}", $"is no name of a profile; allowed are {PolicyNames.Allowed}");
        }
        (string Key, int Count)[] lists = [("profiles", Profiles.Count), ("rules", Rules?.Count ?? 0)];
        foreach (var (key, count) in lists.Where(list => list.Count > MostEntries))
            section.Reading.Refuse(section.PathOf(key), $"has {count} entries; allowed are at most {MostEntries}");
    }
}
