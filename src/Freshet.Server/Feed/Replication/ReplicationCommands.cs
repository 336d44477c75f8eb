using System.Globalization;
using Freshet.Core.Sql;

namespace Freshet.Server.Feed.Replication;

/// <summary>The replication commands that a feed sends (PostgreSQL manual, "Streaming Replication Protocol"), as each
/// version wants them.</summary>
internal static class ReplicationCommands
{
    /// <summary>The parenthesised options of CREATE_REPLICATION_SLOT came with 15, pgoutput's <c>messages</c> with 14.
    /// </summary>
    private const int FirstWithSlotOptions = 150_000,
        FirstWithMessages = 140_000;

    /// <summary>The slot is temporary: it goes with its connection, so that a dead feed holds no WAL back.</summary>
    public static string CreateSlot(string slot, int serverVersionNumber) =>
        $"CREATE_REPLICATION_SLOT {SqlQuoting.Identifier(slot)} TEMPORARY LOGICAL pgoutput "
        + (serverVersionNumber >= FirstWithSlotOptions ? "(SNAPSHOT 'nothing')" : "NOEXPORT_SNAPSHOT");

    /// <summary>From the slot's own position on.</summary>
    public static string Start(string slot, string publication, int serverVersionNumber) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"START_REPLICATION SLOT {SqlQuoting.Identifier(slot)} LOGICAL 0/0 (proto_version '1', publication_names ")
        + SqlQuoting.Literal(SqlQuoting.Identifier(publication))
        + (serverVersionNumber >= FirstWithMessages ? ", messages 'true')" : ")");
}
