using System.Collections.Immutable;

namespace Freshet.Core.Policy;

/// <summary>How the results of one statement are cached: the database's settings and the statement's own hint, put
/// together.</summary>
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

    /// <summary>Bounded mode: a hit in the last of this time renews the result before it runs out. Default 0.</summary>
    public TimeSpan RefreshAhead { get; init; }

    /// <summary>Names by which the results are invalidated together.</summary>
    public ImmutableArray<string> Tags { get; init; } = [];

    /// <summary>Null: none.</summary>
    public string? Profile { get; init; }

    /// <summary>The results' name within the profile; null: none.</summary>
    public string? Key { get; init; }

    /// <summary>Where the mode and the times come from, for explain.</summary>
    public string Origin { get; init; } = "the database's settings";
}
