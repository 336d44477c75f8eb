using System.Collections.Immutable;

namespace Freshet.Core.Policy;

/// <summary>The profiles that are there without any configuration; one of the same name in <c>cache.profiles</c>
/// replaces the whole of it. Their maximum ages are those of a sports application's cache; how long beyond that a
/// result is served follows from how much it matters that it is old.</summary>
internal static class ShippedProfiles
{
    public static ImmutableSortedDictionary<string, PolicyValues> All { get; } =
        new (string Name, PolicyValues Values)[]
        {
            ("liveGames", Seconds(30, 10, 60, 5, "games", "live")),
            ("liveScores", Seconds(15, 5, 30, 3, "scores", "live")),
            ("teams", Seconds(3600, 300, 86_400, 300, "teams")),
            ("leagues", Seconds(3600, 300, 86_400, 300, "leagues")),
            ("players", Seconds(1800, 180, 86_400, 180, "players")),
            ("historical", Seconds(86_400, 3600, 604_800, 3600, "historical")),
            ("archives", Seconds(604_800, 86_400, 604_800, 21_600, "archives")),
            ("trends", Seconds(900, 60, 3600, 60, "trends")),
        }.ToImmutableSortedDictionary(profile => profile.Name, profile => profile.Values, StringComparer.Ordinal);

    private static PolicyValues Seconds(
        int maxAge, int staleWhileRevalidate, int staleIfError, int refreshAhead, params string[] tags) =>
        new()
        {
            MaxAge = TimeSpan.FromSeconds(maxAge),
            StaleWhileRevalidate = TimeSpan.FromSeconds(staleWhileRevalidate),
            StaleIfError = TimeSpan.FromSeconds(staleIfError),
            RefreshAhead = TimeSpan.FromSeconds(refreshAhead),
            Tags = [.. tags],
        };
}
