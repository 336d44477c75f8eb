using System.Collections.Immutable;

namespace Freshet.Tests.Integration.Catalog;

/// <summary>One statement or situation; the fields are those of <c>catalogue.txt</c>, which explains them.</summary>
internal sealed record CatalogueCase
{
    public int Line { get; init; }

    public string Sql { get; init; } = "";

    /// <summary>cached, bounded, or refused and the reason.</summary>
    public string Verdict { get; init; } = "";

    public ImmutableArray<string> Tables { get; init; } = [];

    public ImmutableArray<string> Keys { get; init; } = [];

    public string? Session { get; init; }

    /// <summary>Null: the statement has no parameters.</summary>
    public string[]? Arguments { get; init; }

    public string? Change { get; init; }

    public bool Varies { get; init; }

    public bool IsCached => Verdict is "cached";

    /// <summary>It can be run twice, and should give the same both times.</summary>
    public bool IsComparable =>
        !Varies && Verdict is not ("refused NotAQuery" or "refused Writes" or "refused SelectInto");

    /// <summary>Its session goes past the cache, whatever the verdict on the statement is.</summary>
    public bool HasTemporaryTables => Session?.Contains("temporary", StringComparison.Ordinal) is true;

    public override string ToString() => $"line {Line}: {Sql}";
}

/// <summary>A database of the catalogue.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Setup">SQL that fills it.</param>
/// <param name="Cases">What is asked of it, in this order.</param>
internal sealed record CatalogueDatabase(string Name, List<string> Setup, List<CatalogueCase> Cases);
