using Freshet.Core.Policy;

namespace Freshet.Server.Configuration;

/// <summary>What profiles and rules say of results alike; null: not set. Meanings stand at
/// <see cref="PolicyValues"/>.</summary>
internal abstract record PolicyOptions
{
    protected PolicyOptions() { }

    protected PolicyOptions(SettingSection section)
    {
        Mode = section.Choice<CacheMode>("mode");
        MaxAge = section.Time("maxAge", TimeSpan.Zero, PoolOptions.LongestTime);
        StaleWhileRevalidate = section.Time("staleWhileRevalidate", TimeSpan.Zero, PoolOptions.LongestTime);
        StaleIfError = section.Time("staleIfError", TimeSpan.Zero, PoolOptions.LongestTime);
        RefreshAhead = section.Time("refreshAhead", TimeSpan.Zero, PoolOptions.LongestTime);
        Tags = section.List("tags");
        CheckTags(section);
        if (RefreshAhead is { } ahead && ahead > TimeSpan.Zero && MaxAge is { } maxAge && ahead >= maxAge)
        {
            section.Reading.Refuse(
                section.PathOf("refreshAhead"),
                $"is {Duration.Format(ahead)}, and maxAge is {Duration.Format(maxAge)}, so every hit would ask the "
                    + "server; it must be shorter"
            );
        }
    }

    public CacheMode? Mode { get; init; }
    public TimeSpan? MaxAge { get; init; }
    public TimeSpan? StaleWhileRevalidate { get; init; }
    public TimeSpan? StaleIfError { get; init; }
    public TimeSpan? RefreshAhead { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }

    public PolicyValues ToValues() =>
        new()
        {
            Mode = Mode,
            MaxAge = MaxAge,
            StaleWhileRevalidate = StaleWhileRevalidate,
            StaleIfError = StaleIfError,
            RefreshAhead = RefreshAhead,
            Tags = [.. Tags ?? []],
        };

    private void CheckTags(SettingSection section)
    {
        if (Tags is { Count: > PolicyNames.MostTags } tags)
        {
            section.Reading.Refuse(
                section.PathOf("tags"), $"has {tags.Count} tags; allowed are at most {PolicyNames.MostTags}");
        }
        foreach (var tag in (Tags ?? []).Where(tag => !PolicyNames.IsName(tag)))
        {
            section.Reading.Refuse(
                section.PathOf("tags"), $"holds {SafeText.Quote(tag)}; allowed in a tag are {PolicyNames.Allowed}");
        }
    }
}
