using System.Globalization;
using Freshet.Core.Consistency;
using Npgsql;

namespace Freshet.Server.Feed;

/// <summary>Asks over Npgsql which server a connection leads to.</summary>
internal static class PrimaryQuestion
{
    /// <returns>The default when the server's answer makes no sense.</returns>
    /// <exception cref="NpgsqlException">The connection is lost, or the role may not ask.</exception>
    public static async Task<PrimaryIdentity> AskAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(PrimaryIdentity.Query, connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        string? timeline = reader.IsDBNull(2) ? null : reader.GetString(2);
        string system = reader.GetInt64(1).ToString(CultureInfo.InvariantCulture);
        string recovery = reader.GetBoolean(0) ? "t" : "f";
        return PrimaryIdentity.TryParse(recovery, system, timeline, out PrimaryIdentity identity) ? identity : default;
    }
}
