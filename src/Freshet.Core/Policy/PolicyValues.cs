using System.Collections.Immutable;

namespace Freshet.Core.Policy;

/// <summary>What a profile, a rule or a hint says of results; null: nothing, so what was said before it stays.
/// </summary>
internal sealed record PolicyValues
{
    public CacheMode? Mode { get; init; }

    /// <summary>See <see cref="ResultPolicy.MaxAge"/>.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>See <see cref="ResultPolicy.StaleWhileRevalidate"/>.</summary>
    public TimeSpan? StaleWhileRevalidate { get; init; }

    /// <summary>See <see cref="ResultPolicy.StaleIfError"/>.</summary>
    public TimeSpan? StaleIfError { get; init; }

    /// <summary>See <see cref="ResultPolicy.RefreshAhead"/>.</summary>
    public TimeSpan? RefreshAhead { get; init; }

    /// <summary>Added to those that were given before; at most <see cref="PolicyNames.MostTags"/>.</summary>
    public ImmutableArray<string> Tags { get; init; } = [];

    // The generated comparison would compare the list's reference; a reload must see equal settings as equal.
    public bool Equals(PolicyValues? other) =>
        other is not null
        && (Mode, MaxAge, StaleWhileRevalidate, StaleIfError, RefreshAhead)
            == (other.Mode, other.MaxAge, other.StaleWhileRevalidate, other.StaleIfError, other.RefreshAhead)
        && Tags.SequenceEqual(other.Tags);

    public override int GetHashCode() =>
        HashCode.Combine(Mode, MaxAge, StaleWhileRevalidate, StaleIfError, RefreshAhead, Tags.Length);
}
