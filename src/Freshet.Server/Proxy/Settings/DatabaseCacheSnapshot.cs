using System.Collections.Immutable;
using Freshet.Core.Policy;

namespace Freshet.Server.Proxy.Settings;

/// <summary>How results of one database are cached.</summary>
internal sealed record DatabaseCacheSnapshot
{
    /// <summary>Default <see cref="CacheMode.Session"/>.</summary>
    public CacheMode Mode { get; init; } = CacheMode.Session;

    /// <summary>In force instead of session and strict where the database's changes cannot be followed; off or bounded.
    /// Default bounded.</summary>
    public CacheMode Fallback { get; init; } = CacheMode.Bounded;

    /// <summary>Bounded mode: oldest result that is served. Default 60 s (Hyperdrive's <c>max_age</c>).</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Bounded mode: beyond it, while a result is renewed. Default 15 s (Hyperdrive's).</summary>
    public TimeSpan StaleWhileRevalidate { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Bounded mode: beyond it, while the server cannot be reached. Default 0.</summary>
    public TimeSpan StaleIfError { get; init; }

    /// <summary>Session and strict: without word from the stream for so long, everything goes past the cache. Default
    /// 1 s.</summary>
    public TimeSpan MaxStaleness { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Share of keys that are cached: 1, 20, 50 or 100 %. Default 100.</summary>
    public int RolloutPercent { get; init; } = 100;

    /// <summary>Share of hits that are run again and compared. Default 1 %.</summary>
    public int VerifyPercent { get; init; } = 1;

    /// <summary>Every hit is run again and compared, none is served. Default false.</summary>
    public bool Shadow { get; init; }

    /// <summary>The publication that the feed reads and, where it may, keeps. Default <c>freshet</c>.</summary>
    public string Publication { get; init; } = "freshet";

    /// <summary>How often definitions and rights are looked at for changes. Default 1 s.</summary>
    public TimeSpan SchemaPollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>User-defined functions whose results depend on their arguments only.</summary>
    public ImmutableArray<string> TrustedFunctions { get; init; } = [];

    /// <summary>What rules and hints may ask for by name. Default: <see cref="ShippedProfiles"/>.</summary>
    public ImmutableSortedDictionary<string, PolicyValues> Profiles { get; init; } = ShippedProfiles.All;

    /// <summary>The first one that matches is in force. Default: none.</summary>
    public ImmutableArray<PolicyRule> Rules { get; init; } = [];

    /// <summary>Something of this database may be cached: its mode or that of a rule is not off. While it is false,
    /// hints do nothing.</summary>
    public bool IsEnabled => Mode != CacheMode.Off || Rules.Any(rule => ModeOf(rule) is not (null or CacheMode.Off));

    /// <summary>Its changes are followed: its mode, a rule or a profile asks for session or strict.</summary>
    public bool NeedsFeed =>
        IsEnabled
        && Rules.Select(ModeOf).Concat(Profiles.Values.Select(profile => profile.Mode)).Append(Mode)
            .Any(mode => mode is CacheMode.Session or CacheMode.Strict);

    // The generated comparison would compare the lists' references; a reload must see equal settings as equal.
    public bool Equals(DatabaseCacheSnapshot? other) =>
        other is not null
        && (Mode, Fallback, MaxAge, StaleWhileRevalidate, StaleIfError, MaxStaleness)
            == (other.Mode, other.Fallback, other.MaxAge, other.StaleWhileRevalidate, other.StaleIfError,
                other.MaxStaleness)
        && (RolloutPercent, VerifyPercent, Shadow, Publication, SchemaPollInterval)
            == (other.RolloutPercent, other.VerifyPercent, other.Shadow, other.Publication, other.SchemaPollInterval)
        && TrustedFunctions.SequenceEqual(other.TrustedFunctions)
        && Rules.SequenceEqual(other.Rules)
        && Profiles.SequenceEqual(other.Profiles);

    public override int GetHashCode() => HashCode.Combine(Mode, MaxAge, Publication, Rules.Length);

    private CacheMode? ModeOf(PolicyRule rule) =>
        rule.Values.Mode ?? (rule.Profile is { } name ? Profiles.GetValueOrDefault(name)?.Mode : null);
}
