using Freshet.Core.Consistency;

namespace Freshet.Server.Feed.Replication;

/// <summary>One transaction as the stream told it, at its Commit message.</summary>
/// <param name="Transaction">Its number.</param>
/// <param name="End">The LSN behind its commit record.</param>
/// <param name="CommittedAt">The server's clock when it committed.</param>
/// <param name="Changes">What it did; empty where nothing published was touched.</param>
/// <param name="ChangesSchema">It changed a definition, or is the first that was streamed after one had changed.
/// </param>
internal sealed record StreamedCommit(
    TransactionId Transaction, Lsn End, DateTimeOffset CommittedAt, TableChange[] Changes, bool ChangesSchema);
