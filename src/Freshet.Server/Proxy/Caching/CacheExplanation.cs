using System.Collections.Immutable;
using System.Globalization;
using Freshet.Core.Consistency;
using Freshet.Core.Policy;

namespace Freshet.Server.Proxy.Caching;

/// <summary>What the cache knows of one statement as one user's session would send it. Immutable; times are as of when
/// it was made. Texts are bounded by who made it.</summary>
internal sealed record CacheExplanation
{
    public required string Database { get; init; }

    /// <summary>Empty: none was named.</summary>
    public required string User { get; init; }

    /// <summary>A result of it may be stored and served as things stand.</summary>
    public bool IsCacheable { get; init; }

    /// <summary>Why it is not, in plain words; of a cacheable one: nothing.</summary>
    public string? Detail { get; init; }

    /// <summary>How a request is counted that is not a hit.</summary>
    public CacheResult CountedAs { get; init; }

    public CacheMode ModeWanted { get; init; }

    public CacheMode ModeInForce { get; init; }

    /// <summary>What keeps the mode from what was wanted, or hits from being served; null: nothing.</summary>
    public string? ModeNote { get; init; }

    public required string Fingerprint { get; init; }

    /// <summary>The text with <c>$n</c> for constants.</summary>
    public required string Normalized { get; init; }

    public ImmutableArray<ExplainedTable> Tables { get; init; } = [];

    /// <summary>What stands in the key besides the statement and its arguments; the user is the first.</summary>
    public ImmutableArray<(string Name, string Value)> KeySettings { get; init; } = [];

    public required ResultPolicy Policy { get; init; }

    /// <summary>Parts of the hint that were not understood.</summary>
    public ImmutableArray<string> HintErrors { get; init; } = [];

    /// <summary>Texts with this fingerprint that have been analysed, for the present definitions.</summary>
    public int Statements { get; init; }

    /// <summary>Of all texts with this fingerprint.</summary>
    public long Hits { get; init; }

    public long Misses { get; init; }

    /// <summary>Results of this fingerprint that are stored and were not invalidated by hand; a write may have
    /// overtaken them.</summary>
    public int Results { get; init; }

    /// <summary>Age of the newest of them; null: there is none.</summary>
    public TimeSpan? NewestAge { get; init; }

    /// <summary>Since a result was last stored, whether it is still there or not; null: none was.</summary>
    public TimeSpan? StoredAgo { get; init; }

    /// <summary>The last invalidation by hand; null: none.</summary>
    public string? InvalidatedBy { get; init; }

    public TimeSpan InvalidatedAgo { get; init; }

    /// <summary>The table that was last written to; null: none since the stream began.</summary>
    public ExplainedTable? LastChanged => Tables.Where(table => table.ChangedAgo is not null)
        .MinBy(table => table.ChangedAgo);

    /// <summary>A result differed when it was run again.</summary>
    public bool IsDistrusted { get; init; }

    /// <summary>Item by item, for people.</summary>
    public IEnumerable<(string Item, string Value)> Lines()
    {
        yield return ("cacheable", IsCacheable ? "yes" : "no");
        if (Detail is not null)
        {
            yield return ("reason", Detail);
        }

        yield return ("counted as", CountedAs.ToString().ToLowerInvariant());
        yield return (
            "mode", ModeInForce == ModeWanted ? Word(ModeWanted) : $"{Word(ModeInForce)}, not {Word(ModeWanted)}");
        if (ModeNote is not null)
        {
            yield return ("note", ModeNote);
        }

        yield return ("fingerprint", Fingerprint);
        yield return ("normalized", Normalized);
        foreach (ExplainedTable table in Tables)
        {
            yield return ("depends on", table.ToString());
        }

        foreach ((string name, string value) in KeySettings)
        {
            yield return ("key: " + name, value);
        }

        foreach ((string, string) line in PolicyLines().Concat(HistoryLines()))
        {
            yield return line;
        }
    }

    /// <summary>A time span as <c>3.2 s</c>.</summary>
    public static string Ago(TimeSpan time) =>
        time.TotalSeconds.ToString(time.TotalSeconds < 10 ? "0.0" : "0", CultureInfo.InvariantCulture) + " s";

    private IEnumerable<(string Item, string Value)> PolicyLines()
    {
        yield return ("policy from", Policy.Origin);
        if (ModeInForce == CacheMode.Bounded)
        {
            yield return ("max age", Ago(Policy.MaxAge));
            yield return ("stale while revalidate", Ago(Policy.StaleWhileRevalidate));
            yield return ("stale if error", Ago(Policy.StaleIfError));
        }

        if (Policy.Profile is not null)
        {
            yield return ("profile", Policy.Profile);
        }

        if (Policy.Key is not null)
        {
            yield return ("key", Policy.Key);
        }

        if (!Policy.Tags.IsEmpty)
        {
            yield return ("tags", string.Join(", ", Policy.Tags));
        }

        foreach (string error in HintErrors)
        {
            yield return ("hint not understood", error);
        }
    }

    private IEnumerable<(string Item, string Value)> HistoryLines()
    {
        yield return ("texts known", Statements.ToString(CultureInfo.InvariantCulture));
        yield return ("hits", Hits.ToString(CultureInfo.InvariantCulture));
        yield return ("misses", Misses.ToString(CultureInfo.InvariantCulture));
        yield return ("results stored", NewestAge is { } age
            ? $"{Results}, the newest {Ago(age)} old"
            : StoredAgo is { } ago ? $"none; the last one came {Ago(ago)} ago" : "none");
        yield return (
            "last invalidation", InvalidatedBy is null ? "none" : $"{InvalidatedBy}, {Ago(InvalidatedAgo)} ago");
        yield return ("last change", LastChanged is { } changed
            ? $"{changed.Name} at {changed.Version}, {Ago(changed.ChangedAgo!.Value)} ago"
            : "none seen");
        if (IsDistrusted)
        {
            yield return ("distrusted", "a result differed when it was run again");
        }
    }

    private static string Word(CacheMode mode) => mode.ToString().ToLowerInvariant();
}

/// <summary>A table that a statement's results depend on.</summary>
/// <param name="Name">With its schema.</param>
/// <param name="KeyColumn">Only the rows of one value of it matter; null: all rows do.</param>
/// <param name="Untracked">Why its changes are not followed; null: they are.</param>
/// <param name="Version">Where the last commit to it ended, or the stream began.</param>
/// <param name="ChangedAgo">Since that commit was streamed; null: none was since the start.</param>
internal sealed record ExplainedTable(
    string Name, string? KeyColumn, string? Untracked, Lsn Version, TimeSpan? ChangedAgo)
{
    public override string ToString() =>
        Name
        + (KeyColumn is null ? ", any row" : $", rows by {KeyColumn}")
        + (Untracked is null ? $", version {Version}" : $", not followed: {Untracked}")
        + (ChangedAgo is { } ago ? $", changed {CacheExplanation.Ago(ago)} ago" : "");
}
