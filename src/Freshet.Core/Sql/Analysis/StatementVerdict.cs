using System.Collections.Immutable;

namespace Freshet.Core.Sql.Analysis;

/// <summary>Whether a statement's results may be cached, and what they depend on.</summary>
/// <param name="Reason">None: they may.</param>
/// <param name="Detail">One sentence: which word, and what to do.</param>
/// <param name="Relations">Oids of the tables whose commits change them; distinct, in order.</param>
/// <param name="PointKeys">The tables of which only the rows of one key matter.</param>
/// <param name="Untracked">The first relation whose changes are not in the stream; null: all are. Such a statement can
/// be cached by age only.</param>
internal sealed record StatementVerdict(
    RefusalReason Reason, string Detail, ImmutableArray<uint> Relations, ImmutableArray<PointKey> PointKeys,
    string? Untracked)
{
    public bool IsCacheable => Reason == RefusalReason.None;

    public static StatementVerdict Refuse(RefusalReason reason, string detail) => new(reason, detail, [], [], null);
}
