using System.Collections.Immutable;

namespace Freshet.Core.Policy;

/// <summary>How the results of one statement are cached: the database's settings, the first rule that matches and the
/// statement's own hint, put together.</summary>
internal sealed record ResultPolicy
{
    public required CacheMode Mode { get; init; }

    /// <summary>Bounded mode: how old a result may be. Default 60 s (Hyperdrive's).</summary>
    public required TimeSpan MaxAge { get; init; }

    /// <summary>Bounded mode: how long beyond that it is served while it is renewed. Default 15 s (Hyperdrive's).
    /// </summary>
    public TimeSpan StaleWhileRevalidate { get; init; }

    /// <summary>Bounded mode: how long beyond <see cref="MaxAge"/> it is served while the server cannot be reached.
    /// Default 0: not at all.</summary>
    public TimeSpan StaleIfError { get; init; }

    /// <summary>Bounded mode: a hit within the last so much of <see cref="MaxAge"/> renews the result before it runs
    /// out. Default 0: none does.</summary>
    public TimeSpan RefreshAhead { get; init; }

    /// <summary>Names by which the results are invalidated together.</summary>
    public ImmutableArray<string> Tags { get; init; } = [];

    /// <summary>Null: none.</summary>
    public string? Profile { get; init; }

    /// <summary>The results' name within the profile; null: none.</summary>
    public string? Key { get; init; }

    /// <summary>Where the mode and the times come from, for explain; what comes later in it goes before the rest.
    /// </summary>
    public string Origin { get; init; } = "the database's settings";

    /// <summary>The parts of the hint that were ignored, for explain.</summary>
    public ImmutableArray<string> HintErrors { get; init; } = [];

    /// <summary>What is said goes before what was; tags add up.</summary>
    public ResultPolicy With(PolicyValues values) =>
        this with
        {
            Mode = values.Mode ?? Mode,
            MaxAge = values.MaxAge ?? MaxAge,
            StaleWhileRevalidate = values.StaleWhileRevalidate ?? StaleWhileRevalidate,
            StaleIfError = values.StaleIfError ?? StaleIfError,
            RefreshAhead = values.RefreshAhead ?? RefreshAhead,
            Tags = [.. Tags.Union(values.Tags, StringComparer.Ordinal)],
        };
}
