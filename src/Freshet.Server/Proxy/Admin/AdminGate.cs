using System.Buffers.Binary;
using Freshet.Core.Sql;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Relay;
using Freshet.Server.Proxy.Servers;

namespace Freshet.Server.Proxy.Admin;

/// <summary>Where a client's messages meet its <see cref="AdminSession"/>. What the cache answers never comes here; of
/// the rest two tokens are looked at in a session without a server connection, and a flag that was made anyway in one
/// with a connection. On the client's loop.</summary>
internal static class AdminGate
{
    /// <summary>Looks at what a client at rest sends that the cache has not answered.</summary>
    /// <param name="client">In a database that is cached.</param>
    /// <param name="data">Its input.</param>
    /// <param name="position">Moved behind what was taken.</param>
    public static AdminTaking AtRest(ClientSession client, ReadOnlySpan<byte> data, ref int position)
    {
        ReadOnlySpan<byte> rest = data[position..];
        if (client.Admin is null && !Begins(client, rest))
        {
            return AdminTaking.Other;
        }

        client.Admin ??= new AdminSession(client);
        int total = rest.Length < WireLimits.HeaderBytes ? 0 : BinaryPrimitives.ReadInt32BigEndian(rest[1..]) + 1;
        if (total > ClientBatch.MostBytes || !IsOurs(rest[0]))
        {
            return AdminTaking.Other;
        }

        if (total == 0 || rest.Length < total)
        {
            return AdminTaking.Incomplete;
        }

        if (!client.Admin.TryTake(rest[0], rest[WireLimits.HeaderBytes..total]))
        {
            return AdminTaking.Other;
        }

        position += total;
        client.Cache!.IsCounted = false; // what is counted next is another request
        return AdminTaking.Taken;
    }

    /// <summary>Looks at a message of a client that has a server connection.</summary>
    /// <param name="client">Any.</param>
    /// <param name="server">Its connection.</param>
    /// <param name="message">All of it, or its beginning.</param>
    /// <returns>Null: it goes its usual way.</returns>
    public static InspectionResult? Linked(ClientSession client, ServerConnection server, ReadOnlySpan<byte> message)
    {
        // In a batch that the server has begun, and in a failed transaction, it is the server's to refuse it.
        bool whole = message.Length == BinaryPrimitives.ReadInt32BigEndian(message[1..]) + 1;
        if (client.Cache is null || !whole || server.OpenBatch || server.Status == TransactionStatus.Failed)
        {
            return null;
        }

        client.Admin ??= new AdminSession(client);
        ReadOnlySpan<byte> body = message[WireLimits.HeaderBytes..];
        if (server.IsBusy)
        {
            return client.Admin.Concerns(message[0], body) ? InspectionResult.Wait : null;
        }

        return client.Admin.TryTake(message[0], body) ? InspectionResult.Answered : null;
    }

    private static bool Begins(ClientSession client, ReadOnlySpan<byte> data)
    {
        if (data.Length < WireLimits.HeaderBytes || data[0] is not (FrontendMessage.Query or FrontendMessage.Parse))
        {
            return false;
        }

        ReadOnlySpan<byte> text = data[WireLimits.HeaderBytes..];
        if (data[0] == FrontendMessage.Parse)
        {
            text = text[(text.IndexOf((byte)0) + 1)..];
        }

        return AdminCall.Begins(text, client.State.StandardConformingStrings);
    }

    private static bool IsOurs(byte type) =>
        type is FrontendMessage.Query or FrontendMessage.Parse or FrontendMessage.Bind or FrontendMessage.Describe
            or FrontendMessage.Execute;
}
