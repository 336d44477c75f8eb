using System.Collections.Immutable;
using System.Globalization;

namespace Freshet.Core.Sql.Analysis;

/// <summary>What the tokens of one statement text say, without any knowledge of the database. Immutable.</summary>
internal sealed record StatementFacts
{
    /// <summary>Longest text that is looked at, bytes: the proxy's longest batch.</summary>
    internal const int MostBytes = 64 * 1024;

    /// <summary>None: nothing in the tokens speaks against caching.</summary>
    public RefusalReason Refusal { get; init; }

    /// <summary>One sentence on the refusal.</summary>
    public string Detail { get; init; } = "";

    /// <summary>Equal for texts that differ only in constants, white space, comments and the case of words.</summary>
    public ulong Fingerprint { get; init; }

    public string FingerprintText => Fingerprint.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>The text with <c>$n</c> for constants, like pg_stat_statements has it; at most 4,096
    /// characters.</summary>
    public string Normalized { get; init; } = "";

    /// <summary>Every word: a superset of the relations, functions and types that it can name.</summary>
    public ImmutableArray<SqlName> Names { get; init; } = [];

    public StatementHint? Hint { get; init; }

    /// <summary>Null: not of that shape.</summary>
    public PointShape? Point { get; init; }

    /// <summary>Runs of operator characters; every operator that it uses is a part of one of them.</summary>
    public ImmutableArray<string> Operators { get; init; } = [];

    /// <summary>Where a value may become one of another type.</summary>
    public ImmutableArray<SqlCast> Casts { get; init; } = [];

    /// <param name="text">One query text.</param>
    /// <param name="standardConformingStrings">The session's setting.</param>
    public static StatementFacts Read(ReadOnlySpan<byte> text, bool standardConformingStrings) =>
        text.Length > MostBytes
            ? new StatementFacts
            {
                Refusal = RefusalReason.TooLong,
                Detail = $"the text has {text.Length} bytes; at most {MostBytes} are looked at",
            }
            : new FactsReader(text, standardConformingStrings).Read();
}
