using System.Collections.Immutable;

namespace Freshet.Server.Feed.Publications;

/// <summary>What a publication follows, as it was left.</summary>
/// <param name="Tracked">Tables whose every commit is streamed that began after the publication was as it is.</param>
/// <param name="Untracked">All others, with the reason; those first that will be tried again.</param>
/// <param name="NextTransaction">When all transactions before this one have ended, the stream misses nothing of the
/// tracked tables any more.</param>
/// <param name="IsForAllTables">It need not be altered for new tables.</param>
/// <param name="HasFailures">Some tables are to be tried again.</param>
internal sealed record PublicationState(
    ImmutableArray<TrackedTable> Tracked,
    ImmutableArray<UntrackedTable> Untracked,
    ulong NextTransaction,
    bool IsForAllTables,
    bool HasFailures)
{
    public static readonly PublicationState None = new([], [], 0, false, false);
}
