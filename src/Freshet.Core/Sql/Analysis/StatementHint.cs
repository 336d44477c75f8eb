using System.Collections.Immutable;
using System.Globalization;
using Freshet.Core.Policy;

namespace Freshet.Core.Sql.Analysis;

/// <summary>What a statement says about its caching, in a comment at its beginning or end:
/// <c>/* freshet: max_age=30 stale_while_revalidate=10 tags=games,live profile=players key=players:42 mode=bounded
/// */</c>.
/// Times are seconds.</summary>
internal sealed record StatementHint
{
    private const string Mark = "freshet:";
    private const int MostErrors = 16, LongestError = 100;

    public string? Mode { get; init; }

    public string? Profile { get; init; }

    /// <summary>The name by which a profile's results are invalidated one by one or by prefix; at most
    /// <see cref="PolicyNames.LongestKey"/> characters.</summary>
    public string? Key { get; init; }

    public TimeSpan? MaxAge { get; init; }

    public TimeSpan? StaleWhileRevalidate { get; init; }

    public TimeSpan? StaleIfError { get; init; }

    public TimeSpan? RefreshAhead { get; init; }

    /// <summary>At most <see cref="PolicyNames.MostTags"/>.</summary>
    public ImmutableArray<string> Tags { get; init; } = [];

    /// <summary>What was not understood; such parts are ignored. At most 16 are listed, of 100 characters each.
    /// </summary>
    public ImmutableArray<string> Errors { get; init; } = [];

    /// <summary>Null: no hint. Only comments before the first and behind the last token count: what stands inside a
    /// statement may come from its user's data.</summary>
    public static StatementHint? Find(string leading, string trailing) => Read(leading) ?? Read(trailing);

    private static StatementHint? Read(string comments)
    {
        int mark = comments.IndexOf(Mark, StringComparison.OrdinalIgnoreCase);
        if (mark < 0)
        {
            return null;
        }

        string rest = comments[(mark + Mark.Length)..];
        int end = rest.IndexOf("*/", StringComparison.Ordinal);
        var hint = new StatementHint();
        foreach (string part in (end < 0 ? rest : rest[..end]).Split(
            [' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            hint = equals > 0 ? hint.With(part[..equals], part[(equals + 1)..]) : hint.Fail(part);
        }

        return hint;
    }

    private StatementHint With(string name, string value) =>
        name.ToLowerInvariant() switch
        {
            "mode" when value is "off" or "bounded" or "session" or "strict" => this with { Mode = value },
            "cache" when value is "off" => this with { Mode = value },
            "profile" when PolicyNames.IsName(value) => this with { Profile = value },
            "key" when PolicyNames.IsKey(value) => this with { Key = value },
            "tags" => WithTags(value.Split(',', StringSplitOptions.RemoveEmptyEntries)),
            "max_age" when Seconds(value) is { } time => this with { MaxAge = time },
            "stale_while_revalidate" when Seconds(value) is { } time => this with { StaleWhileRevalidate = time },
            "stale_if_error" when Seconds(value) is { } time => this with { StaleIfError = time },
            "refresh_ahead" when Seconds(value) is { } time => this with { RefreshAhead = time },
            _ => Fail($"{name}={value}"),
        };

    private StatementHint WithTags(string[] tags)
    {
        string[] good = [.. tags.Where(PolicyNames.IsName).Distinct(StringComparer.Ordinal).Take(PolicyNames.MostTags)];
        return tags.Except(good, StringComparer.Ordinal).Aggregate(
            this with { Tags = [.. good] }, (hint, tag) => hint.Fail($"tags={tag}"));
    }

    private StatementHint Fail(string part) =>
        Errors.Length >= MostErrors
            ? this
            : this with { Errors = Errors.Add(part.Length <= LongestError ? part : part[..LongestError] + "…") };

    private static TimeSpan? Seconds(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
            && seconds <= 31_536_000
            ? TimeSpan.FromSeconds(seconds)
            : null;
}
