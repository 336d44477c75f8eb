using Freshet.Core.Policy;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>The keys of <c>cache</c>, of all databases or of one; null: not set. Meanings and defaults stand at
/// <see cref="DatabaseCacheSnapshot"/>.</summary>
internal sealed record CacheOptions
{
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
        section.Close();
        return options;
    }

    /// <summary>What is not set here is inherited.</summary>
    public DatabaseCacheSnapshot ToSnapshot(DatabaseCacheSnapshot inherited) =>
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
        };

    /// <summary>The keys with the values in force, for listing them.</summary>
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
        };
}
